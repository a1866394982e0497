import { describe, expect, it } from 'vitest';
import { installCompatibility } from '../src/tags/compat-vue2.js';
import { versioned, versionedSync } from '../src/tags/versions.js';

function page(mounted: boolean) {
  const hooks: Array<() => void> = [];
  return {
    vm: { _isMounted: mounted, $mp: { mpType: 'page' }, $once: (_: string, run: () => void) => hooks.push(run) },
    mount: () => hooks.forEach((run) => run()),
  };
}

function project(options = {}) {
  const called: unknown[] = [];
  class Vue {
    __call_hook(name: string, args?: unknown): void { called.push([name, args]); }
  }
  const uni: Record<string, (...args: never[]) => unknown> = { getSystemInfoSync: () => ({ version: '', SDKVersion: '', model: 'PC' }) };
  installCompatibility(Vue, uni, options);
  const hook = (vm: object, name: string, args?: unknown): void => Vue.prototype.__call_hook.call(vm as Vue, name, args);
  return { called, uni, hook };
}

describe('the compatibility layer', () => {
  it('runs onLoad and onShow when the page is there, in order', () => {
    const { called, hook } = project();
    const { vm, mount } = page(false);
    hook(vm, 'onLoad', { roomID: '1' });
    hook(vm, 'onShow');
    hook(vm, 'onHide');
    expect(called).toEqual([['onHide', undefined]]);
    mount();
    expect(called.slice(1)).toEqual([['onLoad', { roomID: '1' }], ['onShow', undefined]]);
  });

  it('leaves later calls and components alone', () => {
    const { called, hook } = project();
    hook(page(true).vm, 'onShow');
    hook({ ...page(false).vm, $mp: undefined }, 'onLoad');
    expect(called).toHaveLength(2);
  });

  it('tells versions where there are none', () => {
    const { uni } = project();
    expect(uni['getSystemInfoSync']!()).toMatchObject({ model: 'PC', version: expect.stringMatching(/^8\./), SDKVersion: expect.stringMatching(/^3\./) });
  });

  it('tells them also where it is asked with a callback, or for a promise', async () => {
    const heard: unknown[] = [];
    const info = { version: '', SDKVersion: '', model: 'PC' };
    const ask = versioned((options) => (options?.success ? options.success(info) : Promise.resolve(info)));
    ask({ success: (given) => heard.push(given) });
    heard.push(await ask());
    for (const given of heard) expect(given).toMatchObject({ model: 'PC', version: expect.stringMatching(/^8\./), SDKVersion: expect.stringMatching(/^3\./) });
    expect(versionedSync(() => ({ version: '7.0.1', SDKVersion: '2.9' }))()).toEqual({ version: '7.0.1', SDKVersion: '2.9' });
  });

  it('is off piece by piece', () => {
    const { called, uni, hook } = project({ lateOnLoad: false, systemVersions: false, downloads: false });
    hook(page(false).vm, 'onLoad');
    expect(called).toHaveLength(1);
    expect(uni['getSystemInfoSync']!()).toMatchObject({ version: '' });
    expect(uni['saveImageToPhotosAlbum']).toBeUndefined();
  });
});
