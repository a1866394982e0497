import { describe, expect, it } from 'vitest';
import { LivePlayerContext, LivePusherContext } from '../src/core/contexts.js';
import { FullScreen } from '../src/core/full-screen.js';
import type { PlayerEvents } from '../src/core/player-engine.js';
import { PlayerEngine } from '../src/core/player-engine.js';
import { Registry } from '../src/core/registry.js';
import { Stage } from '../src/core/stage.js';
import { FakeClient } from './fakes/client.js';
import { FakeHost, settle } from './fakes/host.js';

const BOB = 'room://rtc.tencent.com?userid=bob&streamtype=main';
/** A PNG's first bytes, of a picture of 3 x 2. */
const PNG = `data:image/png;base64,${btoa('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02')}`;

function element(name: string): HTMLElement {
  return { name } as unknown as HTMLElement;
}

class Watching {
  readonly host = new FakeHost();
  readonly stage = new Stage();
  readonly client = new FakeClient();

  player(raw: Record<string, unknown>, view = element('view')) {
    const log: Array<{ event: keyof PlayerEvents; detail: unknown }> = [];
    const engine = new PlayerEngine(this.host, this.stage, (event, detail) => log.push({ event, detail }));
    engine.setView(view);
    engine.setAttributes({ autoplay: true, ...raw });
    const codes = (): number[] => log.filter(({ event }) => event === 'statechange').map(({ detail }) => (detail as { code: number }).code);
    return { engine, log, codes };
  }

  enter(): void {
    this.stage.attach(this.client.client);
    this.client.emit('connection-state-changed', { prevState: 'CONNECTING', state: 'CONNECTED', isReconnecting: false });
  }
}

describe('a player', () => {
  it('that is there before the room gets its stream with the room', async () => {
    const w = new Watching();
    const view = element('v');
    const p = w.player({ src: BOB, 'object-fit': 'contain' }, view);
    w.enter();
    expect(w.client.last('startRemoteVideo')).toEqual({ userId: 'bob', streamType: 'main', view: [view], option: { fillMode: 'contain' } });
    expect(w.client.named('muteRemoteAudio')).toEqual([['bob', false]]);
    expect(p.codes()).toEqual([2001, 2002, 2007]);
    w.client.emit('first-video-frame', { userId: 'bob', streamType: 'main', width: 640, height: 480 });
    expect(p.codes().slice(3)).toEqual([2008, 2003, 2004, 2032, 2009]);
  });

  it('changes how it fills, what it mutes, without beginning anew', () => {
    const w = new Watching();
    const p = w.player({ src: BOB });
    w.enter();
    p.engine.setAttributes({ autoplay: true, src: BOB, 'object-fit': 'contain', 'mute-audio': true });
    expect(w.client.last('startRemoteVideo')).toMatchObject({ option: { fillMode: 'contain' } });
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', true]);
    p.engine.setAttributes({ autoplay: true, src: BOB, 'object-fit': 'contain', 'mute-video': true });
    expect(w.client.last('stopRemoteVideo')).toEqual({ userId: 'bob', streamType: 'main' });
    expect(p.codes().filter((code) => code === 2001)).toHaveLength(1);
  });

  it('asks for the small picture, and for the large one again', () => {
    const w = new Watching();
    const p = w.player({ src: BOB });
    w.enter();
    p.engine.setAttributes({ autoplay: true, src: BOB.replace('main', 'small') });
    expect(w.client.last('startRemoteVideo')).toMatchObject({ option: { small: true } });
    p.engine.setAttributes({ autoplay: true, src: BOB });
    expect(w.client.last('startRemoteVideo')).toMatchObject({ option: { small: false } });
    expect(w.client.named('stopRemoteVideo')).toEqual([]);
  });

  it('waits with playing for as long as min-cache says, and not at all where it says nothing', () => {
    const w = new Watching();
    const p = w.player({ src: BOB, 'min-cache': undefined });
    w.enter();
    p.engine.setAttributes({ autoplay: true, src: BOB, 'min-cache': 1, 'max-cache': 3 }); // the platform's default, which projects write out
    expect(w.client.named('setRemotePlayoutDelay')).toEqual([]);
    p.engine.setAttributes({ autoplay: true, src: BOB, 'min-cache': 0.2, 'max-cache': 0.8 });
    const aux = w.player({ src: BOB.replace('main', 'aux'), 'min-cache': 2, 'max-cache': 1 });
    aux.engine.destroy();
    p.engine.setAttributes({ autoplay: true, src: BOB, 'min-cache': 10, 'max-cache': 20 });
    p.engine.setAttributes({ autoplay: true, src: BOB });
    expect(w.client.named('setRemotePlayoutDelay')).toEqual([['bob', 200], ['bob', 1000], ['bob', 200], ['bob', 4000], ['bob', null]]);
  });

  it.each([true, undefined])('pauses while another page lies over its own (%s), and goes on after', (attribute) => {
    const w = new Watching();
    const p = w.player({ src: BOB, 'auto-pause-if-navigate': attribute });
    w.enter();
    p.engine.setAway(true);
    expect(w.client.named('stopRemoteVideo')).toHaveLength(1);
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', true]);
    p.engine.setAway(false);
    expect(w.client.named('startRemoteVideo')).toHaveLength(2);
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', false]);
  });

  it('goes on under another page where it is told to', () => {
    const w = new Watching();
    const p = w.player({ src: BOB, 'auto-pause-if-navigate': false });
    w.enter();
    p.engine.setAway(true);
    expect(w.client.named('stopRemoteVideo')).toEqual([]);
  });

  it('of a screen plays aux', () => {
    const w = new Watching();
    w.player({ src: BOB.replace('main', 'aux') });
    w.enter();
    expect(w.client.last('startRemoteVideo')).toMatchObject({ streamType: 'sub' });
  });

  it('without autoplay waits for play(), and stop() takes everything back', () => {
    const w = new Watching();
    const p = w.player({ src: BOB, autoplay: false });
    w.enter();
    expect(w.client.named('startRemoteVideo')).toEqual([]);
    p.engine.play();
    expect(w.client.named('startRemoteVideo')).toHaveLength(1);
    p.engine.stop();
    expect(w.client.named('stopRemoteVideo')).toHaveLength(1);
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', true]);
  });

  it('shares a stream with another one; the last to go ends it', () => {
    const w = new Watching();
    const [first, second] = [w.player({ src: BOB }, element('a')), w.player({ src: BOB.replace('main', 'small'), 'mute-audio': true }, element('b'))];
    w.enter();
    const config = w.client.last<{ view: unknown[]; option: { small?: boolean } }>('startRemoteVideo');
    expect(config.view).toHaveLength(2);
    expect(config.option.small).toBeFalsy();
    second.engine.destroy();
    expect(w.client.named('stopRemoteVideo')).toEqual([]);
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', false]);
    first.engine.destroy();
    expect(w.client.named('stopRemoteVideo')).toHaveLength(1);
  });

  it('goes on in the next room', () => {
    const w = new Watching();
    w.player({ src: BOB, 'object-fit': 'contain' });
    w.enter();
    w.stage.detach(w.client.client);
    const next = new FakeClient();
    w.stage.attach(next.client);
    expect(next.last('startRemoteVideo')).toMatchObject({ userId: 'bob', option: { fillMode: 'contain' } });
    expect(next.named('muteRemoteAudio')).toEqual([['bob', false]]);
  });

  it('hears only its own stream', () => {
    const w = new Watching();
    const p = w.player({ src: BOB });
    w.enter();
    w.client.emit('first-video-frame', { userId: 'carol', streamType: 'main', width: 1, height: 1 });
    w.client.emit('first-video-frame', { userId: 'bob', streamType: 'sub', width: 1, height: 1 });
    expect(p.codes()).not.toContain(2003);
  });

  it('gets messages only when it wants them', () => {
    const w = new Watching();
    const p = w.player({ src: BOB });
    w.enter();
    const message = { userId: 'bob', cmdId: 10, seq: 1, data: new TextEncoder().encode('你好').buffer as ArrayBuffer };
    w.client.emit('custom-message', message);
    expect(p.log.filter(({ event }) => event === 'recvmessage')).toEqual([]);
    p.engine.setAttributes({ autoplay: true, src: BOB, 'enable-recv-message': true });
    w.client.emit('custom-message', message);
    expect(p.log.filter(({ event }) => event === 'recvmessage').map(({ detail }) => detail)).toEqual([{ message: '你好' }]);
    expect(p.codes()).toContain(2012);
  });

  it('is silent in the background only if it is to be', async () => {
    const w = new Watching();
    w.player({ src: BOB, 'background-mute': true });
    w.enter();
    await w.host.page('hidden');
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', true]);
    await w.host.page('visible');
    expect(w.client.named('muteRemoteAudio').at(-1)).toEqual(['bob', false]);
  });

  it('tells an address that it cannot play', () => {
    const p = new Watching().player({ src: 'https://host/live.flv' });
    expect(p.codes()).toEqual([-2301]);
    expect(p.log.find(({ event }) => event === 'error')!.detail).toMatchObject({ errCode: -2301 });
  });
});

describe('contexts', () => {
  function called(run: (options: Record<string, unknown>) => void, options: Record<string, unknown> = {}): Promise<[string, Record<string, unknown>]> {
    return new Promise((resolve) => run({
      ...options,
      success: (result: Record<string, unknown>) => resolve(['success', result]),
      fail: (error: Record<string, unknown>) => resolve(['fail', error]),
    }));
  }

  it('of a player act on the player with the id', async () => {
    const w = new Watching();
    const registry = new Registry();
    const { engine } = w.player({ src: BOB, autoplay: false });
    const context = new LivePlayerContext(registry, new FullScreen(), 'bob_main');
    expect(await called((options) => context.play(options))).toEqual(['fail', expect.objectContaining({ errMsg: expect.stringMatching(/^play:fail .*bob_main/) })]);
    registry.addPlayer('bob_main', engine);
    expect((await called((options) => context.play(options)))[0]).toBe('success');
    w.enter();
    w.client.snapshot = PNG;
    expect(await called((options) => context.snapshot(options)))
      .toEqual(['success', expect.objectContaining({ width: 3, height: 2, tempImagePath: expect.stringMatching(/^blob:/) })]);
    registry.removePlayer('bob_main', engine);
    expect((await called((options) => context.snapshot(options)))[0]).toBe('fail');
    expect((await called((options) => context.stop(options)))[0]).toBe('success');
  });

  it('of a pusher that is gone succeed in stopping and fail in starting', async () => {
    const context = new LivePusherContext(new Registry());
    expect(await called((options) => context.stop(options))).toEqual(['success', { errMsg: 'stop:ok' }]);
    expect(await called((options) => context.stopBGM(options))).toEqual(['success', { errMsg: 'stopBGM:ok' }]);
    expect((await called((options) => context.start(options)))[0]).toBe('fail');
    expect((await called((options) => context.snapshot(options)))[0]).toBe('fail');
  });

  it('call back after the call, and complete in both cases', async () => {
    const context = new LivePusherContext(new Registry());
    const order: string[] = [];
    context.stop({ complete: () => order.push('complete') });
    context.start({ complete: () => order.push('complete') });
    order.push('returned');
    await settle();
    expect(order).toEqual(['returned', 'complete', 'complete']);
  });

  it('fill the screen with one player at a time', () => {
    const w = new Watching();
    const fullScreen = new FullScreen();
    const log: string[] = [];
    const players = ['a', 'b'].map((name) => {
      const { engine } = w.player({ src: BOB });
      fullScreen.register(engine, { enter: (direction) => log.push(`${name} ${direction}`), leave: () => log.push(`${name} left`) });
      return engine;
    });
    fullScreen.enter(players[0]!, 90);
    fullScreen.enter(players[1]!, 0);
    fullScreen.unregister(players[1]!);
    expect(log).toEqual(['a 90', 'a left', 'b 0', 'b left']);
  });
});
