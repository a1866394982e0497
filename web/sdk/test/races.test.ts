/** What happens while something else is under way. */

import { describe, expect, it } from 'vitest';
import type { EnterRequest } from '../src/signal/messages.js';
import { Call, callWithBob, PARAMS } from './fakes/call.js';
import { SILENCE } from './fakes/server.js';
import { settle } from './fakes/time.js';

/** Runs `act` when the answer to `enter` has arrived but is not yet worked off. */
function afterEnterAnswer(call: Call, act: () => void): void {
  call.server.on('enter', (params: EnterRequest) => {
    call.server.back('enter');
    queueMicrotask(() => queueMicrotask(act));
    return call.server.enter(params);
  });
}

/** Holds the answer to the next `enter` back until the returned function is called. */
function holdEnter(call: Call): () => void {
  let held: EnterRequest | null = null;
  call.server.on('enter', (params: EnterRequest) => {
    held = params;
    return SILENCE;
  });
  return () => {
    call.server.back('enter');
    const id = 1; // enter is the first request of a socket
    call.server.raw(JSON.stringify({ jsonrpc: '2.0', id, result: call.server.enter(held!) }));
  };
}

function states(call: Call): string[] {
  return call.heard('connection-state-changed').map((e) => e.state);
}

describe('right behind the answer to enter', () => {
  it('a notification is not lost', async () => {
    const call = new Call();
    afterEnterAnswer(call, () => call.server.join('bob'));
    await call.enter();
    expect(call.heard('remote-user-enter')).toEqual([{ userId: 'bob' }]);
  });

  it('a broken socket is noticed', async () => {
    const call = new Call();
    afterEnterAnswer(call, () => call.server.drop());
    await call.enter();
    expect(states(call)).toEqual(['CONNECTING', 'CONNECTED', 'RECONNECTING']);
    await call.advance(500);
    expect(states(call).at(-1)).toBe('CONNECTED');
  });

  it('exitRoom wins', async () => {
    const call = new Call();
    afterEnterAnswer(call, () => void call.duet.exitRoom());
    await expect(call.enter()).rejects.toMatchObject({ code: 5998 });
    await settle();
    expect(states(call)).toEqual(['CONNECTING', 'DISCONNECTED']);
    expect(call.server.connected).toBe(false);
  });
});

describe('while entering', () => {
  it('a camera that is started goes onto its section and is published', async () => {
    const call = new Call();
    const answer = holdEnter(call);
    const entered = call.duet.enterRoom(PARAMS);
    await settle();
    await call.duet.startLocalVideo();
    answer();
    await entered;
    await settle();
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.server.asked('publish')).toEqual([{ stream: 'main', video: true }]);
  });

  it('a screen that is shared gets its section afterwards', async () => {
    const call = new Call();
    const answer = holdEnter(call);
    const entered = call.duet.enterRoom(PARAMS);
    await settle();
    await call.duet.startScreenShare();
    answer();
    await entered;
    await settle();
    expect(call.server.asked('negotiate')).toHaveLength(1);
    expect(call.platform.pc.sending('video')).toEqual([null, call.duet.getVideoTrack({ streamType: 'sub' })]);
  });
});

describe('while leaving', () => {
  it('nothing is told any more', async () => {
    const call = await callWithBob();
    call.server.on('exit', () => SILENCE);
    const left = call.duet.exitRoom();
    call.forget();
    call.server.join('carol');
    call.server.notify('kicked', { reason: 'removed' });
    await call.advance(1_000);
    await left;
    expect(call.log).toEqual([]);
  });

  it('the next enterRoom is not in the way', async () => {
    const call = await callWithBob();
    const left = call.duet.exitRoom();
    await call.enter();
    await left;
    expect(states(call).at(-1)).toBe('CONNECTED');
    expect(call.server.connected).toBe(true);
  });
});

describe('handlers that act at once', () => {
  it.each(['exitRoom', 'destroy'] as const)('%s when the connection is lost: nobody tries again', async (method) => {
    const call = await callWithBob();
    call.duet.on('connection-state-changed', ({ state }) => {
      if (state === 'RECONNECTING') void call.duet[method]();
    });
    const sockets = call.server.urls.length;
    call.server.drop();
    await call.advance(60_000);
    expect(call.server.urls).toHaveLength(sockets);
    expect(call.platform.time.timerCount).toBe(0);
  });

  it('startRemoteVideo when a picture is available: shown once, subscribed once', async () => {
    const call = new Call();
    const view = call.platform.element('v');
    call.duet.on('remote-video-available', ({ userId, streamType }) => {
      void call.duet.startRemoteVideo({ userId, streamType, view });
    });
    await call.enter({ autoReceiveVideo: true });
    call.server.join('bob');
    call.server.publishes('bob', 'main', { video: true });
    await settle();
    expect(call.platform.videos.map((v) => v.container)).toEqual([view]);
    expect(call.server.asked('subscribe')).toEqual([]);
  });
});

describe('two negotiations', () => {
  it('follow one another', async () => {
    const call = await callWithBob();
    for (const userId of ['carol', 'dave']) {
      call.server.join(userId);
      call.server.publishes(userId, 'main', { video: true });
    }
    await Promise.all([
      call.duet.startScreenShare(),
      ...['bob', 'carol', 'dave'].map((userId) => call.duet.startRemoteVideo({ userId })),
    ]);
    expect(call.server.asked('negotiate')).toHaveLength(2);
    for (const userId of ['bob', 'carol', 'dave']) expect(call.duet.getVideoTrack({ userId })).not.toBe(null);
    expect(call.heard('error')).toEqual([]);
  });
});
