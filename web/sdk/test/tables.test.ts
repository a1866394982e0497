import { describe, expect, it } from 'vitest';
import { MemberTable } from '../src/session/members.js';
import type { MemberChange } from '../src/session/members.js';
import { MessageBudget } from '../src/session/message-budget.js';
import { Publications } from '../src/session/publications.js';
import { PublishStates } from '../src/session/publish-states.js';
import { isTransient, LONGEST_MS, reconnectDelay } from '../src/session/reconnect.js';
import { SlotTable } from '../src/session/slots.js';
import { Subscriptions } from '../src/session/subscriptions.js';
import { ViewTable } from '../src/session/views.js';
import { LinkError, RpcError } from '../src/signal/rpc.js';

const MAIN_ON = [{ stream: 'main', audio: true, video: true }] as const;

describe('member table', () => {
  const brief = (change: MemberChange): string => {
    switch (change.type) {
      case 'audio': return `${change.userId} audio ${change.available ? '+' : '-'}`;
      case 'video': return `${change.userId} ${change.stream} video ${change.available ? '+' : '-'}`;
      default: return `${change.userId} ${change.type}`;
    }
  };

  it.each<[string, Array<(t: MemberTable) => MemberChange[]>, string[]]>([
    ['join twice', [(t) => t.join('b'), (t) => t.join('b')], ['b enter']],
    ['leave unknown', [(t) => t.leave('b', 'exit')], []],
    ['streams of somebody unknown', [(t) => t.streams('b', MAIN_ON)], ['b enter', 'b audio +', 'b main video +']],
    ['streams again', [(t) => t.streams('b', MAIN_ON), (t) => t.streams('b', MAIN_ON)],
      ['b enter', 'b audio +', 'b main video +']],
    ['leave with streams on', [(t) => t.streams('b', MAIN_ON), (t) => t.leave('b', 'exit')],
      ['b enter', 'b audio +', 'b main video +', 'b audio -', 'b main video -', 'b exit']],
    ['second voice', [
      (t) => t.streams('b', [{ stream: 'main', audio: true, video: false }]),
      (t) => t.streams('b', [{ stream: 'main', audio: true, video: false }, { stream: 'aux', audio: true, video: true }]),
      (t) => t.streams('b', [{ stream: 'aux', audio: true, video: false }]),
    ], ['b enter', 'b audio +', 'b aux video +', 'b aux video -']],
    ['pause of somebody unknown', [(t) => t.pause('b')], []],
    ['pause and resume', [(t) => t.join('b'), (t) => t.pause('b'), (t) => t.pause('b'), (t) => t.resume('b')],
      ['b enter', 'b paused', 'b resumed']],
    ['replaced by another room', [
      (t) => t.streams('b', MAIN_ON),
      (t) => t.replaceAll([{ userId: 'c', paused: true, streams: [...MAIN_ON] }]),
    ], ['b enter', 'b audio +', 'b main video +', 'b audio -', 'b main video -', 'b exit',
      'c enter', 'c paused', 'c audio +', 'c main video +']],
    ['replaced by the same', [
      (t) => t.streams('b', MAIN_ON), (t) => t.replaceAll([{ userId: 'b', streams: [...MAIN_ON] }]),
    ], ['b enter', 'b audio +', 'b main video +']],
    ['back after a pause', [
      (t) => t.join('b'), (t) => t.pause('b'), (t) => t.replaceAll([{ userId: 'b', paused: false, streams: [] }]),
    ], ['b enter', 'b paused', 'b resumed']],
  ])('%s', (_name, steps, expected) => {
    const table = new MemberTable();
    expect(steps.flatMap((step) => step(table)).map(brief)).toEqual(expected);
  });

  it('after clear() everybody is announced anew', () => {
    const table = new MemberTable();
    table.streams('b', MAIN_ON);
    table.clear();
    expect(table.userIds()).toEqual([]);
    expect(table.join('b').map(brief)).toEqual(['b enter']);
  });
});

describe('slot table', () => {
  const a = { userId: 'a', stream: 'main', kind: 'video' } as const;
  const b = { userId: 'b', stream: 'main', kind: 'video' } as const;

  it('one stream per section and one section per stream', () => {
    const table = new SlotTable();
    table.replace([{ mid: '1', ...a }]);
    table.assign({ mid: '1', ...b });
    expect([table.midOf(a), table.midOf(b)]).toEqual([undefined, '1']);
    table.assign({ mid: '2', ...b });
    expect([table.midOf(b), table.at('1'), table.at('2')?.userId]).toEqual(['2', undefined, 'b']);
    table.replace([]);
    expect(table.midOf(b)).toBe(undefined);
  });

  it('no user id imitates another stream', () => {
    const table = new SlotTable();
    table.replace([{ mid: '1', userId: 'x/main/video/y', stream: 'main', kind: 'audio' }]);
    expect(table.midOf({ userId: 'y', stream: 'main', kind: 'video' })).toBe(undefined);
  });
});

describe('subscriptions', () => {
  const ref = { userId: 'b', stream: 'main', kind: 'video' } as const;
  const voice = { userId: 'b', stream: 'main', kind: 'audio' } as const;
  const automaticAudio = { audio: true, video: false };

  it('ask only for what the server does not do by itself, and only once', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
    subscriptions.want(ref, true);
    subscriptions.want(voice, true);
    expect(subscriptions.takeRequests([])).toEqual([]);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true }]);
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
    subscriptions.setQuality(ref, 'small');
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true, quality: 'small' }]);
    subscriptions.want(ref, false);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: false }]);
  });

  it('remember a size until it is wanted, ask for another one at any time, and ask for it again of a new session', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    subscriptions.setQuality(ref, 'small');
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
    subscriptions.want(ref, true);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true, quality: 'small' }]);
    subscriptions.setQuality(ref, 'main');
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true, quality: 'main' }]);
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
    subscriptions.newSession(false);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true, quality: 'main' }]);
    subscriptions.forget(ref);
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
  });

  it('are asked again of a new session', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    subscriptions.want(ref, true);
    subscriptions.takeRequests(['b']);
    subscriptions.newSession(false);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true }]);
  });

  it('that returned to the default meanwhile are said to a resumed session, which remembers otherwise', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    subscriptions.want(voice, false);
    subscriptions.takeRequests(['b']);
    subscriptions.want(voice, true);
    subscriptions.newSession(true);
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...voice, on: true }]);
    subscriptions.newSession(false);
    expect(subscriptions.takeRequests(['b'])).toEqual([]);
  });

  it('are asked again when a member returns', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    subscriptions.want(ref, true);
    subscriptions.takeRequests(['b']);
    subscriptions.memberLeft('b');
    expect(subscriptions.takeRequests(['b'])).toEqual([{ ...ref, on: true }]);
  });

  it('for all voices give way to a later wish for one, and take away earlier ones', () => {
    const subscriptions = new Subscriptions(automaticAudio);
    subscriptions.want(voice, true);
    subscriptions.wantAllAudio(false);
    expect(subscriptions.isWanted(voice)).toBe(false);
    subscriptions.want(voice, true);
    expect(subscriptions.isWanted(voice)).toBe(true);
    expect(subscriptions.isWanted({ ...voice, userId: 'c' })).toBe(false);
    expect(subscriptions.isWanted(ref)).toBe(false);
  });
});

describe('publications', () => {
  it('are told once, both kinds of a stream in one request, when there is a section', () => {
    const publications = new Publications();
    publications.want('main', 'audio', true);
    publications.want('main', 'video', true);
    publications.want('aux', 'video', true);
    const main = (stream: string): boolean => stream === 'main';
    expect(publications.takeRequests(main)).toEqual([{ stream: 'main', audio: true, video: true }]);
    expect(publications.takeRequests(main)).toEqual([]);
    expect(publications.takeRequests(() => true)).toEqual([{ stream: 'aux', video: true }]);
    publications.want('main', 'audio', false);
    expect(publications.takeRequests(() => true)).toEqual([{ stream: 'main', audio: false }]);
  });

  it('told by the tracks of enter need no request', () => {
    const publications = new Publications();
    publications.want('main', 'audio', true);
    publications.toldByTracks([{ stream: 'main', kind: 'audio', on: true }, { stream: 'main', kind: 'video', on: false }]);
    expect(publications.takeRequests(() => true)).toEqual([]);
  });

  it('that are refused are off', () => {
    const publications = new Publications();
    publications.want('main', 'video', true);
    const [request] = publications.takeRequests(() => true);
    publications.refused(request!);
    expect(publications.isWanted('main', 'video')).toBe(false);
    expect(publications.takeRequests(() => true)).toEqual([]);
  });
});

describe('publish states', () => {
  it('tell each change once', () => {
    const states = new PublishStates();
    expect(states.change('audio', 'stopped')).toBe(null);
    expect(states.change('audio', 'starting')).toEqual({ mediaType: 'audio', state: 'starting', prevState: 'stopped' });
    expect(states.change('audio', 'started')).toMatchObject({ prevState: 'starting' });
    expect(states.change('audio', 'starting')).toBe(null);
    expect(states.change('video', 'stopped')).toBe(null);
    expect(states.change('audio', 'stopped')).toMatchObject({ prevState: 'started', reason: 'api-call' });
  });
});

describe('views', () => {
  const element = { id: 'e' } as HTMLElement;

  it('change only by what is given, and are of one stream', () => {
    const views = new ViewTable();
    expect(views.get('b', 'main')).toEqual({ containers: [], fillMode: 'cover', mirror: false });
    expect(views.get('b', 'sub').fillMode).toBe('contain');
    views.merge('b', 'main', { containers: [element], option: { fillMode: 'auto' } });
    views.merge('b', 'main', { option: { mirror: true } });
    expect(views.get('b', 'main')).toEqual({ containers: [element], fillMode: 'auto', mirror: true });
    expect(views.get('b', 'sub').containers).toEqual([]);
    views.clear();
    expect(views.get('b', 'main').containers).toEqual([]);
  });
});

describe('reconnecting', () => {
  it.each([0, 0.5, 0.999])('delays with random %d grow to 5 s and stay', (random) => {
    const delays = Array.from({ length: 40 }, (_, attempt) => reconnectDelay(attempt, random));
    expect(delays[0]).toBeLessThan(200);
    for (let i = 1; i < delays.length; i++) expect(delays[i]).toBeGreaterThanOrEqual(delays[i - 1]!);
    expect(delays.at(-1)).toBeGreaterThanOrEqual(LONGEST_MS * 0.6);
    expect(Math.max(...delays)).toBeLessThanOrEqual(LONGEST_MS);
  });

  it('is spread over time', () => {
    for (const attempt of [0, 1, 5, 1000]) {
      expect(reconnectDelay(attempt, 0.99)).toBeGreaterThan(reconnectDelay(attempt, 0));
    }
  });

  it.each<[unknown, boolean]>([
    [new LinkError('closed', ''), true],
    [new LinkError('timeout', ''), true],
    [new RpcError(-3301, '', { name: 'server_draining' }), true],
    [new RpcError(-3301, '', { name: 'room_full' }), false],
    [new RpcError(-100018, '', { name: 'sig_expired' }), false],
    [new RpcError(-32603, '', { name: 'internal_error' }), true],
    [new RpcError(-1, '', undefined), false],
  ])('%o is worth another try: %s', (error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});

describe('message budget', () => {
  it('counts nothing for what it refuses, and forgets after a second', () => {
    const budget = new MessageBudget();
    for (let i = 0; i < 7; i++) expect(budget.take(i, 1024)).toBe(true);
    expect(budget.take(10, 1025)).toBe(false);
    expect(budget.take(10, 1024)).toBe(true);
    expect(budget.take(999, 1)).toBe(false);
    expect(budget.take(1000, 1024)).toBe(true); // the first is over, the second not yet
    expect(budget.take(1000, 1)).toBe(false);
  });
});
