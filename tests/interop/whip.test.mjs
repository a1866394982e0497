// Clients that know WHIP and WHEP only, from three other WebRTC stacks, each against each through the server: libdatachannel, Chromium, GStreamer.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Caller, launchBrowser } from '../e2e/lib/browser.mjs';
import { DuetServer, until } from '../e2e/lib/server.mjs';
import { ChromiumPublisher, ChromiumViewer } from './lib/chromium.mjs';
import { DcPublisher, DcViewer, endDataChannels, H264 } from './lib/datachannel.mjs';
import { GStreamerClient } from './lib/gstreamer.mjs';
import { RtpSource } from './lib/rtp-source.mjs';
import { WhipSession } from './lib/whip.mjs';

let server;
let browser;
before(async () => {
  server = await DuetServer.start();
  browser = await launchBrowser();
});
after(async () => {
  endDataChannels();
  await browser?.close();
  await server?.stop();
});

const whip = (room, user) => new URL(`/whip/${room}/${user}`, server.url);
const whep = (room, user, viewer) => new URL(`/whep/${room}/${user}?userid=${viewer}`, server.url);
const roomsGone = () => until('the rooms to end', async () => (await server.counts()).rooms === 0);

describe('libdatachannel', () => {
  test('every packet arrives once, in order and with the same content', async () => {
    const publisher = await DcPublisher.start(whip('numbered', 'alice'));
    const viewer = await DcViewer.start(whep('numbered', 'alice', 'bob'));
    // Sent until the first ones come through, then counted.
    let sent = 0;
    await until('the first picture', async () => {
      await publisher.sendNumbered(5, sent);
      sent += 5;
      return viewer.packets.video.length > 0 && viewer.packets.audio.length > 0;
    });
    const COUNT = 300;
    await publisher.sendNumbered(COUNT, sent);
    const last = sent + COUNT - 1;
    const number = { audio: (p) => p.payload.readUInt32BE(4), video: (p) => p.payload.readUInt32BE(12) };
    for (const [kind, step] of [['audio', 960], ['video', 3000]]) {
      await until(`the last ${kind}`, () => viewer.packets[kind].some((p) => number[kind](p) === last));
      const packets = viewer.packets[kind].sort((a, b) => ((a.seq - b.seq + 0x18000) & 0xffff) - 0x8000);
      assert.ok(packets.length >= COUNT, `${packets.length} ${kind} packets`);
      for (let i = 1; i < packets.length; i++) {
        const [before, now] = [packets[i - 1], packets[i]];
        assert.equal(now.ssrc, before.ssrc);
        assert.equal(now.seq, (before.seq + 1) & 0xffff, `${kind} sequence number ${i}`);
        assert.equal(number[kind](now), number[kind](before) + 1, `${kind} packet ${i} is the next of the publisher`);
        assert.equal((now.timestamp - before.timestamp) >>> 0, step);
        assert.equal(now.payload.length, kind === 'audio' ? 80 : 600);
        assert.ok(now.payload.subarray(16).every((byte) => byte === (number[kind](now) & 255)), 'its filling is untouched');
      }
    }
    await publisher.close();
    await viewer.close();
    await roomsGone();
  });

  test('a viewer may come before the publisher', async () => {
    const viewer = await DcViewer.start(whep('early', 'alice', 'bob'));
    const publisher = await DcPublisher.start(whip('early', 'alice'));
    let sent = 0;
    await until('pictures', async () => {
      await publisher.sendNumbered(5, sent);
      sent += 5;
      return viewer.packets.video.length > 0;
    });
    await publisher.close();
    await viewer.close();
    await roomsGone();
  });
});

describe('each against each', () => {
  let source;
  const publishers = {
    libdatachannel: async (url) => {
      const publisher = await DcPublisher.start(url, { video: H264 });
      source = await RtpSource.start((packet, kind) => publisher.forward(packet, kind));
      return { close: async () => { await source.stop(); await publisher.close(); } };
    },
    chromium: (url) => ChromiumPublisher.start(browser, url, { codec: 'video/H264' }),
    gstreamer: (url) => GStreamerClient.start('publish', url),
  };
  const viewers = {
    libdatachannel: async (url) => {
      const viewer = await DcViewer.start(url);
      const frames = () => viewer.packets.video.filter((p) => p.marker && p.payloadType === H264).length;
      return { counts: async () => ({ audio: viewer.packets.audio.length, video: frames() }), close: () => viewer.close() };
    },
    chromium: (url) => ChromiumViewer.start(browser, url),
    gstreamer: (url) => GStreamerClient.start('watch', url),
  };

  for (const from of Object.keys(publishers)) {
    test(`what ${from} publishes is heard and seen by all`, async () => {
      const publisher = await publishers[from](whip(from, 'alice'));
      const watching = await Promise.all(Object.keys(viewers).map(async (name) => [name, await viewers[name](whep(from, 'alice', name))]));
      for (const [name, viewer] of watching) {
        await until(`${name} to show 20 frames and hear 50 packets of ${from}`, async () => {
          const { audio, video } = await viewer.counts();
          return audio >= 50 && video >= 20;
        }, 20_000);
      }
      const { members } = await server.counts();
      assert.equal(members, 4);
      await Promise.all(watching.map(([, viewer]) => viewer.close()));
      await publisher.close();
      await roomsGone();
    });
  }
});

describe('with the call page in the same room', () => {
  test('it sees a publisher of WHIP, and a viewer of WHEP sees it', async () => {
    const room = { roomID: '77', template: 'grid' };
    const caller = new Caller(browser, 'carol');
    await caller.open(server, room);
    await caller.join();
    const publisher = await ChromiumPublisher.start(browser, whip('77', 'alice'));
    const viewer = await GStreamerClient.start('watch', whep('77', 'carol', 'bob'));
    await caller.waitMedia();
    await until('GStreamer to show the page', async () => {
      const { audio, video } = await viewer.counts();
      return audio >= 50 && video >= 20;
    }, 20_000);
    await viewer.close();
    await publisher.close();
    await until('the page to be alone', async () => (await server.counts()).members === 1);
    await caller.close();
    await server.stop();
    server = await DuetServer.start();
  });
});

describe('the rules of RFC 9725', () => {
  test('a client that is gone without a word is forgotten', async () => {
    const own = await DuetServer.start({ args: ['--media-timeout-seconds', '5'] });
    const publisher = await GStreamerClient.start('publish', new URL('/whip/killed/alice', own.url));
    assert.equal((await own.counts()).members, 1);
    publisher.process.kill('SIGKILL');
    await until('the room to end', async () => (await own.counts()).rooms === 0, 15_000);
    await own.stop();
  });

  test('an ICE restart moves a session of Chromium to new credentials', async () => {
    const publisher = await ChromiumPublisher.start(browser, whip('restart', 'alice'), { codec: 'video/VP8' });
    const viewer = await ChromiumViewer.start(browser, whep('restart', 'alice', 'bob'));
    await until('pictures', async () => (await viewer.counts()).video > 5);
    for (const client of [publisher, viewer]) assert.equal(await client.restartIce(), '"2"');
    const { video } = await viewer.counts();
    await until('more pictures', async () => (await viewer.counts()).video > video + 20);
    await publisher.close();
    await viewer.close();
    await roomsGone();
  });

  test('the same user again takes the place of the older session', async () => {
    const first = await DcPublisher.start(whip('again', 'alice'));
    const second = await DcPublisher.start(whip('again', 'alice'));
    assert.equal((await server.counts()).members, 1);
    assert.equal((await first.session.close()).status, 404);
    first.peer.close();
    await second.close();
    await roomsGone();
  });

  test('a real UserSig opens the door of its app, and a wrong one does not', async () => {
    const { sdkAppId, userSig } = await server.userSig('alice');
    const url = new URL(`/v1/whip/${sdkAppId}/7/alice`, server.url);
    const publisher = await DcPublisher.start(url, { token: userSig });
    await publisher.close();
    await assert.rejects(WhipSession.open(new URL(`/v1/whip/${sdkAppId}/7/bob`, server.url), 'v=0\r\n', { token: userSig }), (error) => {
      const problem = JSON.parse(error.text);
      assert.equal(error.status, 401);
      assert.deepEqual([problem.name, problem.code, problem.status], ['sig_wrong_user', -100018, 401]);
      return true;
    });
    await assert.rejects(WhipSession.open(url, 'v=0\r\n', { token: userSig }), (error) => error.status === 400 && JSON.parse(error.text).name === 'sdp_invalid');
    await roomsGone();
  });
});
