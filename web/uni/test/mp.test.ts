import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compareVersions } from '../src/mp/permissions.js';
import { signalAddress } from '../src/mp/socket.js';
import { playerMeaning, pusherMeaning } from '../src/mp/tag-codes.js';
import { Phone } from './fakes/phone.js';
import { FakeSignalServer } from './fakes/signal-server.js';
import type { MediaEngine } from './fakes/wx.js';
import { instantEngine, steps } from './fakes/wx.js';

const ALICE = { roomID: 1234, sdkAppID: 1, userID: 'alice', userSig: 'sig', template: '1v1' };
const later = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

let server: FakeSignalServer;
let phone: Phone;

function make(options: ConstructorParameters<typeof Phone>[1] = {}): Phone {
  phone?.dispose();
  phone = new Phone(server.dial, options);
  phone.setup = { environments: { PRO: { server: 'https://call.test:8443' } } };
  return phone;
}

async function entered(params: Record<string, unknown> = {}): Promise<void> {
  const entering = phone.room.enterRoom({ ...ALICE, ...params });
  await later(200);
  await entering;
}

/** In the room, with camera and microphone on. */
async function calling(params: Record<string, unknown> = {}): Promise<void> {
  await entered(params);
  void phone.methods.publishLocalVideo();
  void phone.methods.publishLocalAudio();
  await later(1_500);
}

function enterFails(params: Record<string, unknown> = {}, ms = 60_000): Promise<{ code: number; message: string }> {
  const failed = phone.room.enterRoom({ ...ALICE, ...params }).then(() => { throw new Error('it entered'); }, (error: unknown) => error as { code: number; message: string });
  return later(ms).then(() => failed);
}

const starts = (): string[] => phone.wx.log.filter((line) => line.startsWith('pusher.start'));
const plays = (userID: string): string[] => phone.wx.log.filter((line) => line.startsWith(`player/${userID}.play`)).map((line) => line.split(' ')[1]!);

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeSignalServer();
  make();
});

afterEach(() => {
  phone.dispose();
  vi.useRealTimers();
});

describe('entering', () => {
  it('asks to be let in without SDP, and resolves', async () => {
    await entered({ privateMapKey: 'key', cloudenv: 'PRO' });
    expect(server.dialled).toEqual(['wss://call.test:8443/v1/signal']);
    expect(server.asked('enter')).toEqual([expect.objectContaining({
      media: 'rtmp', sdkAppId: 1, userId: 'alice', userSig: 'sig', room: 1234, template: '1v1', recvMode: 1, privateMapKey: 'key', cloudenv: 'PRO', resume: null })]);
    expect(server.asked('enter')[0]).not.toHaveProperty('offer');
    expect(phone.names()).toEqual(['IM_READY', 'LOCAL_JOIN']);
    expect(phone.state.phase).toBe('in');
    expect(phone.wx.keepsScreenOn).toBe(true);
  });

  it('is refused with the words of the server: the third one in a pair', async () => {
    server.refusal = { code: -3301, name: 'room_full', message: 'the room has two members, which is all it may have' };
    expect(await enterFails()).toMatchObject({ code: -3301, message: expect.stringMatching(/two members/) });
    expect(phone.state).toMatchObject({ phase: 'out', noticeCode: -3301 });
    expect(server.asked('enter')).toHaveLength(1);
    expect(phone.names()).not.toContain('LOCAL_JOIN');
  });

  it('tries three times, then says that nobody answers', async () => {
    server.down = 'connectSocket:fail tcp connect fail';
    expect(await enterFails()).toEqual(expect.objectContaining({ code: -1307, message: 'connectSocket:fail tcp connect fail' }));
    expect(server.dialled).toHaveLength(3);
  });

  it('waits 10 s for a socket that does not open, and leaves none behind', async () => {
    server.silent = true;
    const failed = phone.room.enterRoom(ALICE).catch((error: unknown) => error);
    await later(9_900);
    expect(server.dialled).toHaveLength(1);
    await later(2_000);
    expect(server.dialled).toHaveLength(2);
    await later(30_000);
    expect(await failed).toMatchObject({ code: -1307 });
    expect(phone.wx.sockets.size).toBe(0);
  });

  it('is tried again while the server is starting', async () => {
    server.refusal = { code: -3301, name: 'server_draining', message: 'stopping' };
    const entering = phone.room.enterRoom(ALICE);
    await later(100);
    server.refusal = null;
    await later(3_000);
    await entering;
    expect(phone.state.phase).toBe('in');
  });

  it('is undone by exitRoom, also when the server has let the user in already', async () => {
    const entering = phone.room.enterRoom(ALICE);
    entering.catch(() => undefined);
    await later(50); // asked, not answered
    await phone.room.exitRoom();
    await expect(entering).rejects.toMatchObject({ code: 0 });
    await later(2_000);
    expect(server.requests.map(({ method }) => method)).toEqual(['enter', 'exit']);
    expect(server.connections).toBe(0);
    expect(phone.wx.keepsScreenOn).toBe(false);
    await entered();
    expect(phone.state.phase).toBe('in');
  });

  it('leaves nothing behind when the component goes', async () => {
    await calling();
    phone.room.dispose();
    await later(2_000);
    expect([phone.wx.listeners, server.connections, phone.wx.isPushing, phone.wx.sockets.size]).toEqual([0, 0, false, 0]);
    expect(server.asked('exit')).toHaveLength(1);
  });
});

describe('what is missing is said in words, with the step to take', () => {
  it.each([
    ['1.6.9', true, -41103, /update/i, /更新微信/],
    ['2.8.3', true, -41103, /2\.9\.1/, /2\.9\.1/],
    ['3.0.0', false, -41102, /Interface settings/, /接口设置/],
  ] as const)('base library %s, tags %s: %i', async (version, tags, code, english, chinese) => {
    for (const [language, expected] of [['en', english], ['zh', chinese]] as const) {
      make({ language });
      phone.wx.sdkVersion = version;
      phone.wx.tags = tags;
      expect(await enterFails()).toEqual(expect.objectContaining({ code, message: expect.stringMatching(expected) }));
      expect(phone.state.notice).toMatch(expected);
    }
    expect(server.dialled).toEqual([]);
  });

  it('a category that turns out to be missing when the tag is made', async () => {
    await entered();
    phone.room.onPusherEvent('error', { errMsg: 'insertLivePusher:fail access denied' });
    expect(phone.errors()).toEqual([{ code: -41102, message: expect.stringMatching(/category/) }]);
  });

  it('a server that is not on the list of domains: at once, not three times', async () => {
    phone.wx.allowedDomains = ['other.test'];
    expect(await enterFails({}, 1_000)).toEqual(expect.objectContaining({ code: -41101, message: expect.stringMatching(/Server domains/) }));
    expect(server.dialled).toEqual([]);
  });

  it('an environment without a server', async () => {
    phone.setup = {};
    expect(await enterFails()).toEqual(expect.objectContaining({ code: -1, message: expect.stringMatching(/setUpRoom/) }));
  });

  it('camera refused, microphone allowed: sound alone is sent; the settings bring the picture', async () => {
    phone.wx.answers['scope.camera'] = false;
    await calling();
    expect(phone.wx.asked).toEqual(['scope.camera', 'scope.record']);
    expect(phone.errors()).toEqual([{ code: -1301, message: expect.stringMatching(/settings/) }]);
    expect(phone.state.sending).toEqual({ camera: false, mic: true });
    expect(starts()).toEqual([expect.stringMatching(/ mic$/)]);
    phone.wx.inSettings = { 'scope.camera': true };
    phone.transport.openSettings();
    await later(1_000);
    expect(phone.state.sending).toEqual({ camera: true, mic: true });
    expect(starts().at(-1)).toMatch(/camera\+mic$/);
  });

  it('both refused: nothing is sent, and the next wish asks again', async () => {
    Object.assign(phone.wx.answers, { 'scope.camera': false, 'scope.record': false });
    await calling();
    expect(phone.errors().map(({ code }) => code)).toEqual([-1301, -1302]);
    expect(starts()).toEqual([]);
    await phone.methods.publishLocalAudio();
    await later(500);
    expect(phone.errors().map(({ code }) => code)).toEqual([-1301, -1302, -1302]);
    expect(phone.wx.asked).toHaveLength(2); // the platform asks once; after that there are the settings
  });
});

describe('sending', () => {
  it('camera and microphone that come one after the other are one push, with the URL of the entry', async () => {
    await calling();
    expect(starts()).toEqual(['pusher.start rtmp://call.test:1935/push/1234?userid=alice&ticket=1 camera+mic']);
    expect(phone.state.pusher).toMatchObject({ autopush: false, mode: 'RTC', enableCamera: true, enableMic: true });
    expect(server.asked('publish').at(-1)).toEqual({ stream: 'main', audio: true, video: true });
  });

  it('does not begin before something is sent', async () => {
    await entered();
    await later(5_000);
    expect(starts()).toEqual([]);
    expect(server.asked('publish')).toEqual([{ stream: 'main', audio: false, video: false }]);
  });

  it('off is at once and by the attribute, the push goes on; on of the camera is a new push, so that nothing drifts', async () => {
    await calling();
    void phone.methods.unpublishLocalVideo();
    expect(phone.state.pusher).toMatchObject({ enableCamera: false, enableMic: true });
    await later(100);
    expect(server.asked('publish').at(-1)).toEqual({ stream: 'main', audio: true, video: false });
    expect(phone.wx.log).not.toContain('pusher.stop');
    void phone.methods.publishLocalVideo();
    await later(500);
    expect(phone.wx.log.filter((line) => /^pusher\.(start|stop|DRIFT)/.test(line)).map((line) => line.split(' ')[0]))
      .toEqual(['pusher.start', 'pusher.stop', 'pusher.start']);
    expect(starts()[1]).toMatch(/camera\+mic$/);
    expect(phone.state.phase).toBe('in');
  });

  it('the microphone is off and on within one push; one that joins later makes a new one', async () => {
    await calling();
    void phone.methods.unpublishLocalAudio();
    await later(100);
    void phone.methods.publishLocalAudio();
    await later(100);
    expect(starts()).toHaveLength(1);
    expect(phone.state.pusher.enableMic).toBe(true);
    await phone.room.exitRoom();
    void phone.methods.unpublishLocalAudio();
    await entered();
    await later(500);
    void phone.methods.publishLocalAudio();
    await later(500);
    expect(starts().slice(1).map((line) => line.split(' ').at(-1))).toEqual(['camera', 'camera+mic']);
  });

  it('nothing on: it ends', async () => {
    await calling();
    void phone.methods.unpublishLocalAudio();
    void phone.methods.unpublishLocalVideo();
    await later(100);
    expect(phone.wx.isPushing).toBe(false);
    expect(phone.state.phase).toBe('in');
  });

  it('begins with a fresh URL when that of the entry is too old', async () => {
    await entered();
    await later(280_000);
    void phone.methods.publishLocalAudio();
    await later(1_000);
    expect(server.asked('urls')).toHaveLength(1);
    expect(starts()).toEqual([expect.stringMatching(/ticket=2 mic$/)]);
  });

  it.each([3001, 3002, 3003, 3004, 3005, -1307])('%i: again with a fresh URL, and the page says so meanwhile', async (code) => {
    await calling();
    phone.wx.tellPusher(code);
    expect(phone.state.phase).toBe('reconnecting');
    await later(2_000);
    expect(server.asked('urls')).toHaveLength(1);
    expect(starts().map((line) => /ticket=\d+/.exec(line)![0])).toEqual(['ticket=1', 'ticket=2']);
    expect(phone.state.phase).toBe('in');
    expect(phone.errors()).toEqual([]);
  });

  it('1102: the tag tries by itself; the page says so', async () => {
    await calling();
    phone.wx.tellPusher(1102);
    expect(phone.state.phase).toBe('reconnecting');
    phone.wx.tellPusher(1002);
    expect(phone.state.phase).toBe('in');
    expect(starts()).toHaveLength(1);
  });

  it('a port that is closed is said once, and tried with delays that grow', async () => {
    const refusing: MediaEngine = { ...instantEngine, push: (_url, _devices, tell) => steps(tell, [[50, 3002]]) };
    make({ engine: refusing });
    await calling();
    await later(30_000);
    expect(phone.errors()).toEqual([{ code: -1307, message: expect.stringMatching(/1935/) }]);
    expect(starts().length).toBeGreaterThan(8);
    expect(starts().length).toBeLessThan(30);
  });

  it('devices that do not open are told', async () => {
    await calling();
    phone.wx.tellPusher(-1301, 'open camera failed');
    expect(phone.errors()).toEqual([{ code: -1301, message: 'open camera failed' }]);
    phone.room.onPusherEvent('error', { errCode: 10002, errMsg: 'refused' });
    expect(phone.errors()[1]).toEqual({ code: -1302, message: expect.stringMatching(/microphone/) });
    expect(phone.state.sending.mic).toBe(false);
  });
});

describe('the others', () => {
  it('a player for each, with its address; events in order; the first frame', async () => {
    await entered();
    server.joins('bob');
    await later(500);
    expect(phone.names().slice(2, 5)).toEqual(['REMOTE_USER_JOIN', 'REMOTE_VIDEO_ADD', 'REMOTE_AUDIO_ADD']);
    expect(plays('bob')).toEqual([expect.stringMatching(/^https:\/\/call\.test:8443\/live\/1_1234_bob_main\.flv/)]);
    expect(phone.wx.codes('player/bob')).toEqual([2001, 2002, 2003, 2004, 2032]);
    expect(phone.heard.filter(({ eventCode }) => eventCode === 'REMOTE_STATE_UPDATE').map(({ data }) => (data as { code: number }).code)).toContain(2032);
    server.leaves('bob');
    await later(100);
    expect(phone.state.streams).toEqual([]);
    expect(phone.names().slice(-3)).toEqual(['REMOTE_VIDEO_REMOVE', 'REMOTE_AUDIO_REMOVE', 'REMOTE_USER_LEAVE']);
    expect(phone.wx.log).toContain('player/bob.gone');
  });

  it('who is there already is told after LOCAL_JOIN', async () => {
    server.joins('bob');
    await entered();
    expect(phone.names().slice(0, 5)).toEqual(['IM_READY', 'LOCAL_JOIN', 'REMOTE_USER_JOIN', 'REMOTE_VIDEO_ADD', 'REMOTE_AUDIO_ADD']);
  });

  it('an address that only has a new ticket does not disturb a player', async () => {
    await entered();
    server.joins('bob');
    await later(500);
    server.tellPlay();
    server.joins('carol');
    await later(500);
    expect(plays('bob')).toHaveLength(1);
    expect(plays('carol')).toHaveLength(1);
  });

  it.each([3001, 3002, 3003, 3004, 3005, -2301])('%i: again with a fresh ticket, the other way', async (code) => {
    await entered();
    server.joins('bob');
    await later(500);
    const first = plays('bob')[0]!;
    phone.wx.tellPlayer(phone.stream('bob').id, code);
    expect(phone.stream('bob').reconnecting).toBe(true);
    await later(2_000);
    expect(server.asked('urls')).toHaveLength(1);
    expect(plays('bob')).toEqual([first, expect.stringMatching(/^rtmp:.*ticket=(?!1$)/)]);
    expect(phone.stream('bob').reconnecting).toBe(false);
  });

  it('players that fail at the same time ask once', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    await entered({ template: 'grid' });
    server.joins('bob');
    server.joins('carol');
    await later(500);
    for (const user of ['bob', 'carol']) phone.wx.tellPlayer(phone.stream(user).id, 3002);
    await later(1_000);
    expect(server.asked('urls')).toHaveLength(1);
    expect([plays('bob').length, plays('carol').length]).toEqual([2, 2]);
    vi.restoreAllMocks();
  });

  it('2103: the tag tries by itself; unknown numbers mean nothing', async () => {
    await entered();
    server.joins('bob');
    await later(500);
    const { id } = phone.stream('bob');
    phone.wx.tellPlayer(id, 2103);
    expect(phone.stream('bob').reconnecting).toBe(true);
    for (const code of [6000, 9999, -7, 2005, 2006, 2107]) phone.wx.tellPlayer(id, code);
    expect(phone.stream('bob').reconnecting).toBe(true);
    phone.wx.tellPlayer(id, 2003);
    expect(phone.stream('bob').reconnecting).toBe(false);
    const before = phone.state;
    for (const code of [6000, 4998, 4999, 1006, -9999, 1021]) phone.wx.tellPusher(code);
    await later(3_000);
    expect(phone.state).toEqual(before);
    expect([plays('bob').length, phone.errors().length]).toEqual([1, 0]);
  });

  it('auto: all of a landscape picture, and a portrait one fills the view', async () => {
    await entered();
    server.joins('bob');
    await later(500);
    const told = (videoWidth: number, videoHeight: number): void => phone.room.onPlayerEvent('bob', 'main', 'netstatus', { info: { videoWidth, videoHeight, videoBitrate: 500 } });
    told(1280, 720);
    expect(phone.stream('bob').objectFit).toBe('contain');
    told(360, 640);
    expect(phone.stream('bob').objectFit).toBe('fillCrop');
    expect(phone.heard.at(-1)).toEqual({ eventCode: 'REMOTE_NET_STATE_UPDATE', data: { userID: 'bob', streamType: 'main', info: { videoWidth: 360, videoHeight: 640, videoBitrate: 500 } } });
  });

  it('figures and loudness of the own side', async () => {
    await entered();
    phone.room.onPusherEvent('netstatus', { info: { videoBitrate: 700 } });
    phone.room.onPusherEvent('audiovolumenotify', { volume: 40 });
    expect(phone.names().slice(-2)).toEqual(['LOCAL_NET_STATE_UPDATE', 'LOCAL_AUDIO_VOLUME_UPDATE']);
  });

  it('are unsubscribed at the server, and again; in the small size', async () => {
    await entered();
    server.joins('bob');
    await later(100);
    expect(server.asked('subscribe')).toEqual([]); // recvMode 1: they come by themselves
    await phone.methods.unsubscribeRemoteVideo({ userID: 'bob', streamType: 'main' });
    await phone.methods.unsubscribeRemoteAudio({ userID: 'bob' });
    await phone.methods.subscribeRemoteVideo({ userID: 'bob', streamType: 'small' });
    await later(100);
    expect(server.asked('unsubscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video' }, { userId: 'bob', stream: 'main', kind: 'audio' }]);
    expect(server.asked('subscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video', quality: 'small' }]);
  });

  it('of other pages of the grid are heard and not seen; a page is smaller when memory is short', async () => {
    await entered({ template: 'grid' });
    for (let i = 1; i <= 8; i++) server.joins(`u${i}`);
    await later(200);
    expect(server.asked('unsubscribe')).toEqual([]);
    phone.wx.memoryWarning();
    await later(200);
    expect(phone.state.pages).toBe(3);
    expect(server.asked('unsubscribe').map(({ userId, kind }) => `${String(userId)} ${String(kind)}`)).toEqual(['u4', 'u5', 'u6', 'u7', 'u8'].map((user) => `${user} video`));
  });

  it('paused and back', async () => {
    await entered();
    server.joins('bob');
    await later(100);
    server.notify('memberPaused', { userId: 'bob' });
    expect(phone.stream('bob').paused).toBe(true);
    server.notify('memberResumed', { userId: 'bob' });
    expect(phone.stream('bob').paused).toBe(false);
  });
});

describe('into the background and back', () => {
  it('keeps the seat: no goodbye, back with its token and fresh URLs, everything as it was', async () => {
    await calling();
    server.joins('bob');
    await phone.methods.setViewFillMode({ userID: 'bob', fillMode: 'contain' });
    await later(500);
    const before = { ...phone.state, pusher: null, streams: phone.state.streams.map((stream) => ({ ...stream, src: '' })) };
    phone.wx.hide();
    expect(phone.state.phase).toBe('suspended');
    await later(20);
    expect(server.connections).toBe(0);
    await later(30_000);
    expect(phone.wx.isFrozen).toBe(true);
    expect(server.asked('exit')).toEqual([]);
    phone.wx.show();
    await later(20);
    expect(phone.state.phase).toBe('reconnecting');
    await later(1_500);
    expect(server.asked('enter')[1]).toMatchObject({ resume: 'seat-1', media: 'rtmp' });
    expect({ ...phone.state, pusher: null, streams: phone.state.streams.map((stream) => ({ ...stream, src: '' })) }).toEqual(before);
    expect(phone.stream('bob').objectFit).toBe('contain');
    expect(plays('bob')).toHaveLength(2);
    expect(starts()).toHaveLength(2);
    expect(new Set(starts()).size).toBe(2);
    expect(phone.names()).not.toContain('LOCAL_LEAVE');
    expect(phone.names().filter((name) => name === 'REMOTE_USER_JOIN')).toHaveLength(1);
  });

  it('stop() that is refused while hidden is made up for before the next start', async () => {
    await calling();
    phone.wx.hide();
    await later(1_000);
    expect([phone.wx.log.includes('pusher.stop'), phone.wx.isPushing]).toEqual([false, true]); // errno 102
    phone.wx.show();
    await later(1_500);
    expect(phone.wx.log.filter((line) => /^pusher\.(start|stop)/.test(line)).map((line) => line.split(' ')[0])).toEqual(['pusher.start', 'pusher.stop', 'pusher.start']);
  });

  it('who left meanwhile is told, and who came', async () => {
    await entered({ template: 'grid' });
    server.joins('bob');
    await later(100);
    phone.wx.hide();
    await later(10_000);
    server.leaves('bob');
    server.joins('carol');
    phone.wx.show();
    await later(1_000);
    expect(phone.state.streams.map(({ userID }) => userID)).toEqual(['carol']);
    expect(phone.names()).toContain('REMOTE_USER_LEAVE');
  });

  it.each([5000, 5001])('%i of a tag alone: suspended, and back by itself when the app was not hidden', async (code) => {
    await calling();
    phone.wx.tellPusher(code);
    expect(phone.state.phase).toBe('suspended');
    await later(8_000);
    expect(phone.state.phase).toBe('in');
    expect(server.asked('enter')).toHaveLength(2);
  });

  it('hidden while it is entering: in, and suspended at once', async () => {
    const entering = phone.room.enterRoom(ALICE);
    await later(30);
    phone.wx.hide();
    await later(200);
    await entering;
    expect([phone.state.phase, server.connections]).toEqual(['suspended', 0]);
    phone.wx.show();
    await later(500);
    expect(phone.state.phase).toBe('in');
  });

  it('what is switched while away counts when it is back', async () => {
    await calling();
    phone.wx.hide();
    await later(100);
    void phone.methods.unpublishLocalVideo();
    phone.wx.show();
    await later(1_500);
    expect(server.asked('publish').at(-1)).toEqual({ stream: 'main', audio: true, video: false });
    expect(starts().at(-1)).toMatch(/ mic$/);
  });

  it('the seat is gone and the signature too old: it is over, and said', async () => {
    await calling();
    phone.wx.hide();
    await later(100_000);
    server.refusal = { code: -100018, name: 'sig_expired', message: 'it expired an hour ago' };
    phone.wx.show();
    await later(1_000);
    expect(phone.errors()).toEqual([{ code: -100018, message: 'it expired an hour ago' }]);
    expect(phone.state.phase).toBe('out');
    expect(phone.names()).toContain('LOCAL_LEAVE');
    expect(phone.wx.isPushing).toBe(false);
  });
});

describe('lost connections', () => {
  it('come back with the token; players and push go on', async () => {
    await calling();
    server.joins('bob');
    await later(500);
    server.drop();
    expect(phone.state.phase).toBe('reconnecting');
    await later(2_000);
    expect(phone.state.phase).toBe('in');
    expect(server.asked('enter')[1]).toMatchObject({ resume: 'seat-1' });
    expect([starts().length, plays('bob').length]).toEqual([1, 1]);
  });

  it('with delays that grow, and at once when the network is back', async () => {
    await calling();
    server.down = 'connectSocket:fail';
    server.drop();
    await later(60_000);
    const attempts = server.dialled.length;
    expect(attempts).toBeGreaterThan(15);
    expect(attempts).toBeLessThan(60);
    while (server.dialled.length === attempts) await later(1); // one that is under way and will fail
    server.down = null;
    phone.wx.network(true);
    await later(200);
    expect(phone.state.phase).toBe('in');
  });

  it('a server that was restarted knows nothing: told anew, pushed and played anew', async () => {
    await calling();
    server.joins('bob');
    await phone.methods.unsubscribeRemoteAudio({ userID: 'bob' });
    await phone.methods.unpublishLocalAudio();
    await later(500);
    server.resumes = false;
    server.requests.length = 0;
    server.drop();
    await later(2_000);
    expect(server.asked('publish')).toEqual([{ stream: 'main', audio: false, video: true }]);
    expect(server.asked('unsubscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'audio' }]);
    expect([starts().length, plays('bob').length]).toEqual([2, 2]);
  });

  it('a socket on which nothing comes is given up', async () => {
    await calling();
    server.deaf = true;
    await later(23_000);
    expect(phone.state.phase).toBe('reconnecting');
    server.deaf = false;
    await later(15_000);
    expect(phone.state.phase).toBe('in');
    expect(phone.wx.sockets.size).toBe(1);
  });

  it('pings every 10 s', async () => {
    await entered();
    await later(35_000);
    expect(server.asked('ping').length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['kicked', { reason: 'replaced' }, /elsewhere/], ['kicked', { reason: 'removed' }, /removed/], ['dismissed', {}, /dismissed/],
  ] as const)('%s %j: out, with the reason', async (method, params, words) => {
    await calling();
    server.notify(method, params);
    server.drop(4001);
    await later(5_000);
    expect(phone.state.phase).toBe('out');
    expect(phone.errors()).toEqual([{ code: 3004, message: expect.stringMatching(words) }]);
    expect(phone.names()).toEqual(expect.arrayContaining(['IM_KICKED_OUT', 'LOCAL_LEAVE']));
    expect([server.asked('enter').length, phone.wx.isPushing]).toEqual([1, false]);
  });
});

describe('messages', () => {
  it('go out and come in, as in the browser', async () => {
    await entered();
    const sending = phone.methods.sendGroupTextMessage({ message: 'hi 你' });
    await later(100);
    await sending;
    expect(server.asked('message')).toEqual([{ cmdId: 1, data: 'aGkg5L2g' }]);
    server.notify('message', { userId: 'bob', cmdId: 1, seq: 1, data: 'aGkg5L2g' });
    expect(phone.heard.at(-1)).toMatchObject({ eventCode: 'IM_MESSAGE_RECEIVED', data: [{ from: 'bob', payload: { text: 'hi 你' } }] });
  });

  it('fail in words while there is no connection', async () => {
    await entered();
    phone.wx.hide();
    await expect(phone.methods.sendC2CTextMessage({ userID: 'bob', message: 'x' })).rejects.toThrow(/no connection/);
    expect(phone.names()).toContain('IM_ERROR');
  });
});

describe('tables', () => {
  it.each([['1.7.0', '1.7.0', 0], ['1.10.0', '1.9.9', 1], ['2.9', '2.9.1', -1], ['', '1.0.0', -1]])('versions %s %s', (a, b, order) => {
    expect(compareVersions(a, b)).toBe(order);
  });

  it.each([
    ['https://a.test:8443', 'wss://a.test:8443/v1/signal'], ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/v1/signal'], ['wss://a.test/x', 'wss://a.test/v1/signal'],
    ['', null], ['a.test', null], ['ftp://a.test', null],
  ])('address of %s', (server, address) => expect(signalAddress(server)).toBe(address));

  it('numbers: those that mean something, no others', () => {
    const meaning = (of: (code: number) => string | undefined): Record<string, number[]> => {
      const table: Record<string, number[]> = {};
      for (let code = -4000; code < 11_000; code++) {
        const name = of(code);
        if (name) (table[name] ??= []).push(code);
      }
      return table;
    };
    expect(meaning(pusherMeaning)).toEqual({
      device: [-1306, -1305, -1304, -1303, -1302, -1301, 10001, 10002], failed: [-1307, 3001, 3002, 3003, 3004, 3005],
      reconnecting: [1102], running: [1001, 1002], suspended: [5000, 5001] });
    expect(meaning(playerMeaning)).toEqual({ failed: [-2301, 3001, 3002, 3003, 3004, 3005], firstFrame: [2003, 2004, 2032], reconnecting: [2103] });
  });
});
