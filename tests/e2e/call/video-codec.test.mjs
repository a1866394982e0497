// A room in which somebody can see H.264 only: who sends something else changes to it and back, in the middle of the call. The server's word is put
// into the page's WebSocket, so that it needs nobody who cannot see anything else; seen here is what such a page sends.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, afterEach, before, describe } from 'node:test';
import { launchBrowser } from '../lib/browser.mjs';
import { SdkUser, startSdkSite } from '../lib/sdk-user.mjs';
import { until } from '../lib/server.mjs';
import { witnessed } from '../lib/witness.mjs';

let server, browser, pages, people = [], rooms = 0;
const test = witnessed({ people: () => people, server: () => server });
before(async () => {
  ({ server, pages } = await startSdkSite());
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await server?.stop(), { code: 0, signal: null });
  rmSync(pages, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(people.map(({ context }) => context?.close()));
  people = [];
});

/** In the page: `window.notify(method, params)` is a notification of the server; `window.requests` are the methods that were asked. */
function interceptSignalling() {
  window.requests = [];
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      window.notify = (method, params) => this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ jsonrpc: '2.0', method, params }) }));
    }

    send(text) {
      window.requests.push(JSON.parse(text).method);
      super.send(text);
    }
  };
}

/** In the page: an older browser, in whose offers VP8 comes first and stays there. */
function withoutPreferences() {
  delete RTCRtpTransceiver.prototype.setCodecPreferences;
}

/** In the page: a browser whose H.264 is of a profile that Duet prefers VP8 to. */
function withoutBaseline() {
  const original = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
  RTCRtpReceiver.getCapabilities = (kind) => {
    const all = original(kind);
    return { ...all, codecs: all.codecs.filter(({ sdpFmtpLine = '' }) => !/profile-level-id=42[ec]0/.test(sdpFmtpLine)) };
  };
}

const VGA = { profile: { width: 640, height: 480, frameRate: 15, bitrate: 900 } };

/** The codecs of the video that is sent. */
async function sentAs(one) {
  const all = await one.stats();
  const sending = all.filter(({ type, kind, active, framesEncoded }) => type === 'outbound-rtp' && kind === 'video' && active !== false && framesEncoded > 0);
  return [...new Set(sending.map(({ codecId }) => all.find(({ id }) => id === codecId)?.mimeType))].join();
}

/** Waits until pictures in this codec arrive. */
async function arrivesAs(one, mimeType) {
  const { frames } = (await one.received()) ?? { frames: 0 };
  await until(`${mimeType} to arrive`, async () => {
    const now = await one.received();
    return now?.codec === mimeType && now.frames > frames + 5;
  });
}

/** Waits until the picture is encoded in this codec alone, and sound goes on beside it. */
async function goesOutAs(one, listener, mimeType) {
  const frames = async () => Math.max(...(await one.stats()).map(({ type, kind, framesEncoded }) => (type === 'outbound-rtp' && kind === 'video' ? framesEncoded ?? 0 : 0)));
  const packets = async () => (await listener.stats()).find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio')?.packetsReceived ?? 0;
  await until(`${mimeType} to be sent`, async () => (await sentAs(one)) === mimeType);
  const [first, heard] = [await frames(), await packets()];
  await until('more pictures and sound', async () => (await frames()) > first + 5 && (await packets()) > heard + 20);
}

const requests = (one) => one.page.evaluate(() => window.requests);
const notify = (one, codec) => one.page.evaluate((given) => window.notify('videoCodec', { codec: given }), codec);
const negotiations = async (one) => (await requests(one)).filter((method) => method === 'negotiate').length;

for (const [what, prepare] of [['whose order of codecs cannot be set', withoutPreferences], ['whose H.264 comes after VP8', withoutBaseline]]) {
  for (const template of ['1v1', 'grid']) {
    describe(`a browser ${what}, in a ${template} room`, () => {
      test('sends H.264 while it is needed, and goes on with the call', async () => {
        const ann = new SdkUser(browser, server);
        const ben = new SdkUser(browser, server);
        people.push(ann, ben);
        const room = ++rooms;
        await (await ann.open('ann', { init: [[interceptSignalling], [prepare]] })).enter(room, { camera: VGA, audio: true, template });
        await (await ben.open('ben')).enter(room, { template });
        await ben.run('startRemoteVideo', { userId: 'ann', view: 'view' });
        await arrivesAs(ben, 'video/VP8');
        assert.equal(await sentAs(ann), 'video/VP8');
        assert.equal(await negotiations(ann), 0);

        for (const [codec, mimeType] of [['h264', 'video/H264'], [null, 'video/VP8'], ['h264', 'video/H264']]) {
          await notify(ann, codec);
          await goesOutAs(ann, ben, mimeType);
          if (codec === null) await arrivesAs(ben, mimeType);
        }
        assert.equal(await negotiations(ann), 3);
        assert.equal((await requests(ann)).filter((method) => method === 'enter').length, 1);
        assert.deepEqual((await ann.heard('connection-state-changed')).map(({ state }) => state), ['CONNECTING', 'CONNECTED']);
        assert.deepEqual(await ann.heard('error'), []);
        assert.deepEqual([...(await ben.heard('remote-user-exit')), ...(await ben.heard('remote-user-paused')), ...(await ben.heard('remote-video-unavailable'))], []);
      });
    });
  }
}

describe('a browser that sends H.264 anyway', () => {
  test('has nothing to change', async () => {
    const ann = new SdkUser(browser, server);
    people.push(ann);
    await (await ann.open('ann', { init: [[interceptSignalling]] })).enter(++rooms, { camera: VGA, template: '1v1' });
    await until('H.264 to be sent', async () => (await sentAs(ann)) === 'video/H264');
    for (const codec of ['h264', null]) await notify(ann, codec);
    await ann.page.evaluate(() => new Promise((resolve) => setTimeout(resolve))); // what was to be sent is sent
    assert.equal(await negotiations(ann), 0);
  });
});
