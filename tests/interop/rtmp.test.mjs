// Programs that speak RTMP and FLV in one room with WebRTC clients: FFmpeg, librtmp, GStreamer, nginx, mpegts.js; libdatachannel and Chromium on the other side.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Caller, launchBrowser } from '../e2e/lib/browser.mjs';
import { DuetServer, until } from '../e2e/lib/server.mjs';
import { ChromiumPublisher, ChromiumViewer, emptySite } from './lib/chromium.mjs';
import { DcViewer, endDataChannels, H264, OPUS } from './lib/datachannel.mjs';
import { examine, isGreen, isRed, play, Program, push } from './lib/ffmpeg.mjs';
import { gstPlay, gstPush, MpegtsPlayer, Nginx } from './lib/players.mjs';

const APP = 1400000001;
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

const pushUrl = (room, user, more = '') => `rtmp://127.0.0.1:${server.ports.rtmp}/push/${room}?sdkappid=${APP}&userid=${user}${more}`;
const playName = (room, user) => `${APP}_${room}_${user}_main`;
const rtmpUrl = (room, user, viewer = 'viewer') => `rtmp://127.0.0.1:${server.ports.rtmp}/live/${playName(room, user)}?userid=${viewer}`;
const flvUrl = (room, user, viewer = 'viewer') => new URL(`/live/${playName(room, user)}.flv?userid=${viewer}`, server.url).href;
const whip = (room, user) => new URL(`/whip/${room}/${user}`, server.url);
const whep = (room, user, viewer) => new URL(`/whep/${room}/${user}?userid=${viewer}`, server.url);
const members = async () => (await server.counts()).members;
const roomsGone = () => until('the rooms to end', async () => (await server.counts()).rooms === 0);
const inRoom = (count) => until(`${count} members`, async () => (await members()) === count);

const near = (value, wanted, off, what) => assert.ok(Math.abs(value - wanted) <= off, `${what}: ${value}, not ${wanted} (+-${off})`);

describe('FFmpeg pushes', () => {
  test('libdatachannel gets its RTP: numbers without a gap, timestamps of the clocks', async () => {
    const encoder = push(pushUrl('rtp', 'alice'));
    await inRoom(1);
    const viewer = await DcViewer.start(whep('rtp', 'alice', 'bob'));
    await until('3 s of it', () => viewer.packets.audio.length > 150 && viewer.packets.video.length > 75, 20_000);
    for (const [kind, type] of [['audio', OPUS], ['video', H264]]) {
      const packets = viewer.packets[kind].filter((p) => p.payloadType === type).slice(0, 70);
      for (let i = 1; i < packets.length; i++) assert.equal(packets[i].seq, (packets[i - 1].seq + 1) & 0xffff, `${kind} packet ${i}`);
      if (kind === 'audio') for (let i = 1; i < packets.length; i++) assert.equal((packets[i].timestamp - packets[i - 1].timestamp) >>> 0, 960);
    }
    await viewer.close();
    await encoder.stop();
    await roomsGone();
  });

  for (const [name, options] of Object.entries({
    '16 kHz mono': { rate: 16000, channels: 1 },
    '44.1 kHz stereo': { rate: 44100, channels: 2 },
    '48 kHz mono': { rate: 48000, channels: 1 },
    'B pictures': { bframes: 2 },
  })) {
    test(`${name}: Chromium shows the colour and hears the tone`, async () => {
      const room = name.replace(/\W/g, '');
      const encoder = push(pushUrl(room, 'alice'), { color: 'lime', tone: 800, ...options });
      await inRoom(1);
      const viewer = await ChromiumViewer.start(browser, whep(room, 'alice', 'bob'));
      await until('the picture', async () => isGreen((await viewer.look()).color), 20_000);
      await until('the tone', async () => Math.abs((await viewer.look()).tone - 800) < 40, 20_000);
      if (options.bframes) assert.match(server.output, /B pictures/);
      await viewer.close();
      await encoder.stop();
      await roomsGone();
    });
  }

  test('sound that begins 3 s after the picture is heard', async () => {
    const encoder = push(pushUrl('late', 'alice'), { audioAfter: 3, tone: 600 });
    await inRoom(1);
    const viewer = await ChromiumViewer.start(browser, whep('late', 'alice', 'bob'));
    await until('the picture', async () => isRed((await viewer.look()).color), 20_000);
    await until('the tone', async () => Math.abs((await viewer.look()).tone - 600) < 40, 20_000);
    await viewer.close();
    await encoder.stop();
    await roomsGone();
  });

  test('stops and pushes again: the viewer goes on', async () => {
    const first = push(pushUrl('again', 'alice'), { seconds: 2 });
    await inRoom(1);
    const viewer = await ChromiumViewer.start(browser, whep('again', 'alice', 'bob'));
    await until('the first picture', async () => isRed((await viewer.look()).color), 20_000);
    await first.done();
    const second = push(pushUrl('again', 'alice'), { color: 'lime' });
    await until('the second picture', async () => isGreen((await viewer.look()).color), 20_000);
    await viewer.close();
    await second.stop();
    await roomsGone();
  });

  test('a second push of the same user takes the place of the first', async () => {
    const first = push(pushUrl('twice', 'alice'));
    await inRoom(1);
    const second = push(pushUrl('twice', 'alice'), { color: 'lime' });
    const { code } = await first.done();
    assert.notEqual(code, 0, 'FFmpeg says that its push ended');
    await inRoom(1);
    const seen = await play(flvUrl('twice', 'alice'));
    assert.ok(isGreen(seen.colors.at(-1)), `${seen.colors.at(-1)}`);
    await second.stop();
    await roomsGone();
  });

  test('a wrong UserSig is refused in words', async () => {
    const encoder = push(pushUrl('wrong', 'alice', '&usersig=eJxx'));
    const { code } = await encoder.done();
    assert.notEqual(code, 0);
    assert.match(encoder.said, /NetStream\.Publish\.Denied|[Uu]ser[Ss]ig/);
    assert.equal(await members(), 0);
  });
});

describe('RTMP and FLV show', () => {
  const players = {
    RTMP: (room, user) => play(rtmpUrl(room, user)),
    'FLV over HTTP': (room, user) => play(flvUrl(room, user)),
    'FLV over HTTPS': (room, user) => play(flvUrl(room, user).replace(server.url, server.secureUrl), { input: ['-tls_verify', '0'] }),
  };

  test('what FFmpeg pushes', async () => {
    const encoder = push(pushUrl('both', 'alice'), { rate: 44100 });
    await inRoom(1);
    for (const [name, watch] of Object.entries(players)) {
      const seen = await watch('both', 'alice');
      assert.ok(isRed(seen.colors.at(-1)), `${name}: ${seen.colors.at(-1)}`);
      assert.ok(seen.colors.length >= 50, `${name}: ${seen.colors.length} pictures`);
      near(seen.tone, 1000, 20, name);
      near(seen.level, 0.5, 0.15, `${name}: level`);
      assert.equal(seen.errors, '', name);
    }
    await encoder.stop();
    await roomsGone();
  });

  test('what Chromium sends', async () => {
    const publisher = await ChromiumPublisher.start(browser, whip('web', 'alice'));
    for (const [name, watch] of Object.entries(players)) {
      const seen = await watch('web', 'alice');
      assert.ok(seen.colors.length >= 30, `${name}: ${seen.colors.length} pictures`);
      near(seen.tone, 440, 20, name);
      assert.equal(seen.errors, '', name);
    }
    await publisher.close();
    await roomsGone();
  });

  test('to rtmpdump', async () => {
    const encoder = push(pushUrl('dump', 'alice'));
    await inRoom(1);
    const dump = new Program('rtmpdump', ['-q', '-v', '-r', rtmpUrl('dump', 'alice'), '-B', '3', '-o', '-'], { binary: true });
    await until('3 s of it', () => dump.size > 60_000 || !dump.running, 20_000);
    await dump.stop('SIGINT');
    assert.equal(dump.output().subarray(0, 3).toString(), 'FLV', dump.said);
    await encoder.stop();
    await roomsGone();
  });

  test('over a WebSocket', async () => {
    const encoder = push(pushUrl('ws', 'alice'));
    await inRoom(1);
    const page = await browser.newPage();
    await page.goto(await emptySite());
    const first = await page.evaluate((url) => new Promise((resolve, reject) => {
      const socket = Object.assign(new WebSocket(url), { binaryType: 'arraybuffer' });
      const parts = [];
      let size = 0;
      socket.onerror = () => reject(new Error('the socket failed'));
      socket.onmessage = ({ data }) => {
        parts.push(new Uint8Array(data));
        size += data.byteLength;
        if (size < 30_000) return;
        socket.close();
        resolve([...parts[0].slice(0, 4)]);
      };
    }), flvUrl('ws', 'alice').replace('http', 'ws'));
    await page.close();
    assert.deepEqual(first, [0x46, 0x4c, 0x56, 1]);
    await encoder.stop();
    await roomsGone();
  });

  test('nothing of a publisher who is not there', async () => {
    const response = await fetch(flvUrl('nobody', 'alice'));
    assert.equal(response.status, 404);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.equal((await response.json()).name, 'stream_not_found');
    await assert.rejects(play(rtmpUrl('nobody', 'alice')), /not in the room/);
  });

  test('their end when the publisher leaves', async () => {
    const encoder = push(pushUrl('leave', 'alice'));
    await inRoom(1);
    // Audio fills FFmpeg's 32 KiB of output in 3 s.
    const viewers = [new Program('ffmpeg', ['-v', 'error', '-i', rtmpUrl('leave', 'alice'), '-c', 'copy', '-f', 'flv', '-'], { binary: true }),
      new Program('ffmpeg', ['-v', 'error', '-i', flvUrl('leave', 'alice'), '-c', 'copy', '-f', 'flv', '-'], { binary: true })];
    await until('both to play', () => viewers.every((viewer) => viewer.size > 10_000), 20_000);
    await encoder.stop();
    for (const viewer of viewers) assert.equal((await viewer.done()).code, 0, viewer.said);
    await roomsGone();
  });
});

describe('other programs', () => {
  test('GStreamer pushes, and GStreamer plays', async () => {
    const encoder = gstPush(pushUrl('gst', 'alice'));
    await inRoom(1);
    const viewer = await ChromiumViewer.start(browser, whep('gst', 'alice', 'bob'));
    await until('Chromium to show it', async () => isGreen((await viewer.look()).color), 20_000);
    await until('Chromium to hear it', async () => Math.abs((await viewer.look()).tone - 700) < 40, 20_000);
    const directory = mkdtempSync(join(tmpdir(), 'duet-gst-'));
    const file = join(directory, 'played.flv');
    const player = gstPlay(rtmpUrl('gst', 'alice'), file);
    await until('GStreamer to get 3 s', () => statSync(file, { throwIfNoEntry: false })?.size > 40_000, 20_000);
    await player.stop();
    const seen = await examine(readFileSync(file));
    rmSync(directory, { recursive: true });
    assert.ok(isGreen(seen.colors.at(-1)), `${seen.colors.at(-1)} ${player.said}`);
    near(seen.tone, 700, 20, 'tone');
    await viewer.close();
    await encoder.stop();
    await roomsGone();
  });

  test('nginx pulls', async () => {
    const encoder = push(pushUrl('nginx', 'alice'));
    await inRoom(1);
    const nginx = await Nginx.start({ port: server.ports.rtmp, playPath: `${playName('nginx', 'alice')}?userid=nginx` });
    const seen = await play(nginx.url);
    assert.ok(isRed(seen.colors.at(-1)), `${seen.colors.at(-1)}`);
    near(seen.tone, 1000, 20, 'tone');
    await nginx.stop();
    await encoder.stop();
    await roomsGone();
  });

  for (const [name, scheme] of [['HTTP', 'http'], ['a WebSocket', 'ws']]) {
    test(`mpegts.js plays over ${name}`, async () => {
      const encoder = push(pushUrl('mpegts', 'alice'), { color: 'lime' });
      await inRoom(1);
      const player = await MpegtsPlayer.start(browser, flvUrl('mpegts', 'alice').replace('http', scheme));
      await until('the picture to move', async () => {
        const { color, time, errors } = await player.look();
        assert.deepEqual(errors, []);
        return isGreen(color) && time > 1;
      }, 20_000);
      await player.close();
      await encoder.stop();
      await roomsGone();
    });
  }
});

describe('in one room with the call page', () => {
  test('the page sees the encoder, and a player sees the page in H.264', async () => {
    const caller = new Caller(browser, 'carol');
    await caller.open(server, { roomID: '77', template: 'grid' });
    await caller.join();
    const encoder = push(pushUrl(77, 'alice', '&use_number_room_id=1'));
    await inRoom(2);
    await caller.waitMedia();
    const seen = await play(flvUrl(77, 'carol'), { patience: 40_000 });
    assert.ok(seen.colors.length > 10, `${seen.colors.length} pictures`);
    assert.equal(seen.errors, '');
    await encoder.stop();
    await inRoom(1);
    await caller.close();
    await server.stop();
    server = await DuetServer.start();
  });
});
