import { beforeEach, describe, expect, it } from 'vitest';
import type { RoomSetup } from '../src/room/config.js';
import { RoomController } from '../src/room/controller.js';
import type { EventArgument } from '../src/room/events.js';
import { EVENT } from '../src/room/events.js';
import { roomMethods } from '../src/room/methods.js';
import type { RoomState, StreamState } from '../src/room/state.js';
import type { Context } from '../src/room/transport.js';
import { RoomUrlTransport } from '../src/room/transport.js';
import { settle } from './fakes/host.js';

const ALICE = { roomID: 1234, sdkAppID: 1400000001, userID: 'alice', userSig: 'sig' };

/** A component whose tags are this test. */
class Component {
  readonly asked: Array<[string, Record<string, unknown>]> = [];
  readonly heard: EventArgument[] = [];
  setup: RoomSetup = {};
  state!: RoomState;
  readonly #context: Context = new Proxy({}, {
    get: (_, name: string) => (options: Record<string, unknown>) => {
      this.asked.push([name, options]);
      (options['success'] as (result: object) => void)({ errMsg: 'ok', tempImagePath: 'blob:1' });
    },
  });
  readonly room = new RoomController(
    new RoomUrlTransport({ createLivePusherContext: () => this.#context, createLivePlayerContext: () => this.#context }, null),
    () => this.setup, (state) => { this.state = state; });
  readonly methods = roomMethods(this.room);

  constructor() {
    for (const event of Object.values(EVENT)) this.room.on(event, (argument) => this.heard.push(argument));
  }

  tell(code: number, message: unknown = ''): void {
    this.room.onPusherEvent('statechange', { code, message: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  users(code: number, ...userlist: object[]): void {
    this.tell(code, { userlist });
  }

  /** Somebody with sound and picture. */
  joined(userid: string): void {
    this.users(1031, { userid });
    this.users(1033, { userid, streamtype: 'main', hasvideo: true });
    this.users(1034, { userid, streamtype: 'main', hasaudio: true });
  }

  async entered(params: Record<string, unknown> = {}): Promise<this> {
    const entering = this.room.enterRoom({ ...ALICE, ...params });
    await settle();
    this.tell(1018);
    await entering;
    return this;
  }

  names(): string[] {
    return this.heard.map(({ eventCode }) => eventCode);
  }

  stream(userID: string, streamType = 'main'): StreamState {
    const found = this.state.streams.find((stream) => stream.userID === userID && stream.streamType === streamType);
    if (!found) throw new Error(`no ${streamType} of ${userID}`);
    return found;
  }
}

let c: Component;
beforeEach(() => { c = new Component(); });

describe('entering', () => {
  it('gives the tag an address with everything in it, and resolves with 1018', async () => {
    await c.entered({ template: 'grid', cloudenv: 'DEV', privateMapKey: 'k&k', recvMode: 2 });
    const url = new URL(c.state.pusher.url.replace('room:', 'https:'));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      sdkappid: '1400000001', roomid: '1234', userid: 'alice', usersig: 'sig', appscene: 'videocall', cloudenv: 'DEV', privatemapkey: 'k&k',
      recvmode: '2', template: 'grid' });
    expect(c.names()).toEqual(['IM_READY', 'LOCAL_JOIN']);
    expect(c.heard[1]!.data).toEqual({ userID: 'alice', roomID: 1234 });
  });

  it('takes page parameters, which are strings', async () => {
    await c.entered({ roomID: '77', sdkAppID: '1400000002', debugMode: 'false', frontCamera: 'true' });
    expect(c.state.pusher.url).toMatch(/sdkappid=1400000002&roomid=77&/);
    expect(c.state.pusher.debug).toBe(false);
  });

  it('takes the server and the app of the environment, and a signature from the function', async () => {
    c.setup = {
      environments: { PRO: { server: 'https://pro.test' }, DEV: { server: 'https://dev.test', sdkAppID: 5 } },
      getUserSig: async ({ userID, cloudenv, server }) => ({ userSig: `${userID}@${cloudenv}@${server}`, sdkAppID: 6 }),
    };
    await c.entered({ sdkAppID: undefined, userSig: '', cloudenv: 'DEV' });
    const { searchParams } = new URL(c.state.pusher.url.replace('room:', 'https:'));
    expect([searchParams.get('server'), searchParams.get('sdkappid'), searchParams.get('usersig')])
      .toEqual(['https://dev.test', '6', 'alice@DEV@https://dev.test']);
  });

  it.each([
    [{ userSig: '' }, -100018, /userSig/],
    [{ userID: '' }, -3319, /userID/],
    [{ sdkAppID: undefined }, -100015, /sdkAppID/],
    [{ roomID: 0 }, -3318, /roomID/],
    [{ roomID: 4294967296 }, -3318, /roomID/],
    [{ roomID: 'x'.repeat(65) }, -3318, /roomID/],
  ])('without what it needs (%j) rejects and tells ERROR', async (params, code, words) => {
    const error = await c.room.enterRoom({ ...ALICE, ...params }).catch((e: unknown) => e) as { code: number; message: string };
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(c.heard).toEqual([{ eventCode: 'ERROR', data: { code, message: error.message } }]);
    expect(c.state.phase).toBe('out');
    expect(c.state.pusher.url).toBe('');
  });

  it('with an environment that is not configured names those that are', async () => {
    c.setup = { environments: { PRO: {}, UAT: {} } };
    await expect(c.room.enterRoom({ ...ALICE, cloudenv: 'CCC' })).rejects.toThrow(/CCC.*PRO, UAT/);
  });

  it('refused rejects with the code and what the server said, and may be tried again', async () => {
    const entering = c.room.enterRoom(ALICE);
    await settle();
    c.room.onPusherEvent('error', { errCode: -100018, errMsg: 'the key of environment DEV made it' });
    await expect(entering).rejects.toMatchObject({ code: -100018, message: 'the key of environment DEV made it' });
    expect(c.state).toMatchObject({ phase: 'out', notice: 'the key of environment DEV made it' });
    await c.entered();
    expect(c.state.notice).toBe('');
  });

  it('is given up by exitRoom, quietly', async () => {
    const entering = c.room.enterRoom(ALICE);
    await settle();
    await c.room.exitRoom();
    await expect(entering).rejects.toMatchObject({ code: 0 });
    expect(c.names()).not.toContain('ERROR');
    expect(c.state.pusher.url).toBe('');
  });

  it('again at once is another address', async () => {
    await c.entered();
    const before = c.state.pusher.url;
    void c.room.exitRoom();
    await c.entered();
    expect(c.state.pusher.url).not.toBe(before);
  });
});

describe('what the demo gets wrong', () => {
  it('1: views of a stream that does not exist yet resolve, are remembered and apply', async () => {
    await c.entered();
    await c.methods.setViewFillMode({ userID: 'bob', streamType: 'main', fillMode: 'contain' });
    await c.methods.setViewOrientation({ userID: 'bob', isVertical: false });
    await c.methods.setViewVisible({ userID: 'carol', isVisible: false });
    c.joined('bob');
    c.joined('carol');
    expect(c.stream('bob')).toMatchObject({ objectFit: 'contain', orientation: 'horizontal' });
    expect(c.stream('carol').style).toBe('display:none');
  });

  it("2: the local user's own fill mode is the preview's and the others' default", async () => {
    c.room.on(EVENT.LOCAL_JOIN, ({ data }) => {
      const { userID, streamType } = data as { userID: string; streamType?: string };
      void c.methods.setViewFillMode({ userID, streamType, fillMode: 'contain' });
    });
    await c.entered();
    c.joined('bob');
    expect([c.state.pusher.objectFit, c.stream('bob').objectFit]).toEqual(['contain', 'contain']);
    await c.methods.setViewFillMode({ userID: 'bob', fillMode: 'fillCrop' });
    expect(c.stream('bob').objectFit).toBe('fillCrop');
    c.users(1033, { userid: 'bob', streamtype: 'aux', hasvideo: true });
    expect(c.stream('bob', 'aux').objectFit).toBe('auto');
  });

  it('3: nobody says anything = auto', async () => {
    await c.entered();
    c.joined('bob');
    expect([c.state.pusher.objectFit, c.stream('bob').objectFit]).toEqual(['auto', 'auto']);
    await expect(c.methods.setViewFillMode({ userID: 'bob', fillMode: 'stretch' })).rejects.toThrow(/stretch/);
  });

  it('4: the server keeps the third one out of a pair, and the page says so', async () => {
    const entering = c.room.enterRoom({ ...ALICE, template: '1v1' });
    await settle();
    expect(c.state.pusher.url).toContain('template=1v1');
    c.room.onPusherEvent('error', { errCode: -3301, errMsg: 'the room is full' });
    await expect(entering).rejects.toMatchObject({ code: -3301 });
    expect(c.state.notice).toBe('the room is full');
  });

  it('5: suspended is no leave; streams, subscriptions and views stay, and the others are told paused', async () => {
    await c.entered();
    c.joined('bob');
    await c.methods.setViewFillMode({ userID: 'bob', fillMode: 'contain' });
    await c.methods.unsubscribeRemoteAudio({ userID: 'bob' });
    await c.methods.publishLocalVideo();
    const before = c.state;
    c.tell(5000);
    expect(c.state).toEqual({ ...before, phase: 'suspended' });
    c.tell(1001);
    expect(c.state).toEqual(before);
    expect(c.names()).not.toContain('LOCAL_LEAVE');
    c.room.onPusherEvent('memberstate', { userID: 'bob', state: 'paused' });
    expect(c.stream('bob').paused).toBe(true);
    c.room.onPusherEvent('memberstate', { userID: 'bob', state: 'resumed' });
    expect(c.names().slice(-2)).toEqual(['REMOTE_USER_PAUSED', 'REMOTE_USER_RESUMED']);
    expect(c.names()).not.toContain('REMOTE_USER_LEAVE');
  });

  it('5b: leaving and entering the same room again shows it as before; another room begins anew', async () => {
    await c.entered();
    await c.methods.setViewFillMode({ userID: 'alice', fillMode: 'contain' });
    await c.room.exitRoom();
    await c.entered();
    c.joined('bob');
    expect(c.stream('bob').objectFit).toBe('contain');
    await c.room.exitRoom();
    await c.entered({ roomID: 77 });
    c.joined('bob');
    expect(c.stream('bob').objectFit).toBe('auto');
  });

  it('6: no secret is ever asked for: signatures come from a function', async () => {
    const asked: unknown[] = [];
    c.setup = { getUserSig: async (request) => { asked.push(request); return 'signed'; } };
    await c.entered({ userSig: '' });
    expect(asked).toEqual([{ userID: 'alice', sdkAppID: 1400000001, cloudenv: 'PRO', server: undefined }]);
    expect(c.state.pusher.url).toContain('usersig=signed');
  });

  it('7: what goes wrong reaches the caller and the ERROR event', async () => {
    await c.entered();
    await expect(c.methods.setViewFillMode({ fillMode: 'contain' })).rejects.toMatchObject({ code: -1 });
    await expect(c.methods.enterFullscreen({ userID: 'nobody' })).rejects.toThrow(/nobody/);
    c.room.onPusherEvent('error', { errCode: 10001, errMsg: 'the camera may not be used' });
    expect(c.heard.filter(({ eventCode }) => eventCode === 'ERROR').map(({ data }) => (data as { code: number }).code)).toEqual([-1, -1, -1301]);
  });
});

describe('the others', () => {
  it('are told once, in order, with what they have', async () => {
    await c.entered();
    c.heard.length = 0;
    c.joined('bob');
    c.joined('bob');
    expect(c.names()).toEqual(['REMOTE_USER_JOIN', 'REMOTE_VIDEO_ADD', 'REMOTE_AUDIO_ADD']);
    expect(c.room.getRemoteUserList()).toEqual([{ userID: 'bob', hasMainVideo: true, hasMainAudio: true, hasAuxVideo: false, hasAuxAudio: false }]);
    c.users(1032, { userid: 'bob' });
    expect(c.names().slice(3)).toEqual(['REMOTE_VIDEO_REMOVE', 'REMOTE_AUDIO_REMOVE', 'REMOTE_USER_LEAVE']);
    expect(c.state.streams).toEqual([]);
  });

  it.each([[1, false, false], [2, true, false], [3, false, true], [4, true, true]])('recvMode %i: picture muted %s, sound muted %s', async (recvMode, muteVideo, muteAudio) => {
    await c.entered({ recvMode });
    c.joined('bob');
    expect(c.stream('bob')).toMatchObject({ muteVideo, muteAudio });
  });

  it('are subscribed and unsubscribed, also before they come, and in the small size', async () => {
    await c.entered({ recvMode: 4 });
    await c.methods.subscribeRemoteVideo({ userID: 'bob', streamType: 'small' });
    await c.methods.subscribeRemoteAudio({ userID: 'bob' });
    c.joined('bob');
    expect(c.stream('bob')).toMatchObject({ muteVideo: false, muteAudio: false, src: 'room://rtc.tencent.com?userid=bob&streamtype=small' });
    await c.methods.subscribeRemoteVideo({ userID: 'bob', streamType: 'main' });
    expect(c.stream('bob').src).toBe('room://rtc.tencent.com?userid=bob&streamtype=main');
    await c.methods.unsubscribeRemoteVideo({ userID: 'bob', streamType: 'main' });
    expect(c.stream('bob').muteVideo).toBe(true);
  });

  it('survive a message that is no JSON', async () => {
    await c.entered();
    c.tell(1031, 'not json');
    c.tell(1033, '{}');
    expect(c.state.streams).toEqual([]);
  });
});

describe('templates', () => {
  it('1v1: the other one is big, a swap changes that', async () => {
    await c.entered();
    expect(c.state.pusher.small).toBe(false);
    c.joined('bob');
    expect([c.state.pusher.small, c.stream('bob').small]).toEqual([true, false]);
    c.room.swap();
    expect([c.state.pusher.small, c.stream('bob').small]).toEqual([false, true]);
  });

  it('grid: nine on a page, the others are not received until their page is shown', async () => {
    await c.entered({ template: 'grid' });
    for (let i = 1; i <= 11; i++) c.joined(`u${i}`);
    expect(c.state.pages).toBe(2);
    expect(c.state.streams.filter(({ muteVideo }) => !muteVideo).map(({ userID }) => userID)).toEqual(['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8']);
    expect(c.state.streams.every(({ muteAudio }) => !muteAudio)).toBe(true);
    c.room.showPage(1);
    expect(c.state.streams.filter(({ muteVideo }) => !muteVideo).map(({ userID }) => userID)).toEqual(['u9', 'u10', 'u11']);
    for (let i = 9; i <= 11; i++) c.users(1032, { userid: `u${i}` });
    expect([c.state.page, c.state.pages]).toEqual([0, 1]);
  });

  it('custom: where the page says', async () => {
    await c.entered({ template: 'custom' });
    await c.methods.setViewRect({ userID: 'bob', xAxis: 10, yAxis: '20%', width: 30, height: 40 });
    await c.methods.setViewZIndex({ userID: 'bob', zIndex: 7 });
    c.joined('bob');
    expect(c.stream('bob').style).toBe('position:absolute;left:10px;top:20%;width:30px;height:40px;z-index:7');
    await expect(c.methods.setViewRect({ userID: 'bob', xAxis: 1, yAxis: 1, width: 1 })).rejects.toThrow(/height/);
  });
});

describe('messages', () => {
  const sent = (): { cmdID: number; data: ArrayBuffer; to?: string } => c.asked.find(([name]) => name === 'sendRoomMessage')![1] as never;

  it.each([
    ['sendGroupTextMessage', { message: 'hello 你好' }, 'GROUP', { text: 'hello 你好' }],
    ['sendC2CTextMessage', { userID: 'bob', message: 'psst' }, 'C2C', { text: 'psst' }],
    ['sendGroupCustomMessage', { data: 'd', description: 'x', extension: 'é' }, 'GROUP', { data: 'd', description: 'x', extension: 'é' }],
    ['sendC2CCustomMessage', { userID: 'bob', data: 'd' }, 'C2C', { data: 'd', description: '', extension: '' }],
  ] as const)('%s arrives as it was sent', async (method, given, conversationType, payload) => {
    await c.entered();
    await c.methods[method](given);
    expect(sent().to).toBe(conversationType === 'C2C' ? 'bob' : undefined);
    const bob = new Component();
    await bob.entered({ userID: 'bob' });
    bob.room.onPusherEvent('roommessage', { userID: 'alice', ...sent() });
    expect(bob.heard.at(-1)).toMatchObject({ eventCode: 'IM_MESSAGE_RECEIVED', data: [{ conversationType, from: 'alice', payload }] });
  });

  it('to the room are what the call page sends', async () => {
    await c.entered();
    await c.methods.sendGroupTextMessage({ message: 'hi' });
    expect([sent().cmdID, [...new Uint8Array(sent().data)]]).toEqual([1, [104, 105]]);
  });

  it('are off with enableIM', async () => {
    await c.entered({ enableIM: false });
    expect(c.names()).toEqual(['LOCAL_JOIN']);
    await expect(c.methods.sendGroupTextMessage({ message: 'hi' })).rejects.toThrow(/enableIM/);
    expect(c.names().slice(1)).toEqual(['IM_ERROR', 'ERROR']);
  });
});

describe('the rest', () => {
  it('music goes to the pusher, and comes back as events', async () => {
    await c.entered();
    await c.methods.playBGM({ url: 'song.mp3' });
    expect(c.asked[0]).toMatchObject(['playBGM', { url: 'song.mp3' }]);
    c.room.onPusherEvent('bgmcomplete', { code: -1, message: 'not found' });
    c.room.onPusherEvent('bgmcomplete', { code: 0 });
    expect(c.names().slice(-2)).toEqual(['BGM_PLAY_FAIL', 'BGM_PLAY_COMPLETE']);
  });

  it('a handler that throws keeps nobody else from hearing', () => {
    const heard: unknown[] = [];
    const failed = console.error;
    console.error = () => {};
    c.room.on('ERROR', () => { throw new Error('mine'); });
    c.room.on('ERROR', ({ data }) => heard.push(data));
    c.room.fail({ code: 1, message: 'm' });
    console.error = failed;
    expect(heard).toHaveLength(1);
  });

  it('off removes one handler, or all of an event', () => {
    const heard: string[] = [];
    const one = (): void => { heard.push('one'); };
    c.room.on('ERROR', one);
    c.room.on('ERROR', () => heard.push('two'));
    c.room.off('ERROR', one);
    c.room.fail({ code: 1, message: 'm' });
    c.room.off('ERROR');
    c.room.fail({ code: 1, message: 'm' });
    expect(heard).toEqual(['two']);
  });
});
