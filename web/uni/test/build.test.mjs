import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const { loosen } = require('../build/loosen.cjs');
const duetUni = require('../build/vue-config.cjs');

describe('loose templates', () => {
  it.each([
    ['_vm.list[0].name', '_vm.list?.[0]?.name'],
    ['_vm.a.b.c()', '_vm.a?.b?.c()'],
    ['_vm.state.pusher["url"]', '_vm.state?.pusher?.["url"]'],
    ['f(item.src, item.mode)', 'f(item?.src, item?.mode)'],
    ['(a || b).c', '(a || b)?.c'],
    ['((a).b).c', '((a)?.b)?.c'],
    ['_vm.name', '_vm.name'],
    ['Math.max(1, 2)', 'Math.max(1, 2)'],
    ['1.5.toFixed(1)', '1.5?.toFixed(1)'],
  ])('%s -> %s', (source, result) => expect(loosen(`(${source});`)).toBe(`(${result});`));

  it.each([
    'a.b.c = 1;', 'a.b[c.d].e = 1;', 'a.b++;', 'delete a.b;', 'new a.b.C();', 'a.b`text`;', 'for (a.b of []) {}',
    'var _a = [1].map(function (x) { return x.y.z; });', 'export { render };\nvar render = function () { return this.x.y; };', 'function f() { a.b += c.d.e; }',
  ])('%s stays valid', (source) => {
    expect(() => loosen(loosen(source))).not.toThrow();
  });

  it.each(['a.b.c = 1;', 'a.b++;', 'delete a.b;', 'new a.b.C();', 'a.b`text`;'])('%s stays as it is', (source) => expect(loosen(source)).toBe(source));

  it('gives nothing where there was an error', () => {
    const render = new Function('_vm', `return ${loosen('(_vm.list[0].user.name);').slice(1, -2)}`);
    expect(render({ list: [] })).toBe(undefined);
    expect(render({ list: [{ user: { name: 'bob' } }] })).toBe('bob');
  });
});

describe('vue.config.js', () => {
  const before = process.env.UNI_PLATFORM;

  it('is what it was, for every platform but H5', () => {
    const own = { productionSourceMap: false };
    process.env.UNI_PLATFORM = 'mp-weixin';
    expect(duetUni({}, own)).toBe(own);
    process.env.UNI_PLATFORM = 'h5';
    expect(duetUni({}, own)).toMatchObject({ productionSourceMap: false, chainWebpack: expect.any(Function) });
    process.env.UNI_PLATFORM = before;
  });
});
