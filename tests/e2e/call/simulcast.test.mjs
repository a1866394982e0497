// Cameras in several sizes: who asks for the small picture gets it, who asks for the large one gets that, and what nobody needs is not sent.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchBrowser } from '../lib/browser.mjs';
import { DuetServer, PATIENCE_MS, root, until } from '../lib/server.mjs';

let server, browser, pages, people = [];
before(async () => {
  pages = mkdtempSync(join(tmpdir(), 'duet-pages-'));
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>SDK</title>'); // the call page would open the camera by itself
  copyFileSync(join(root, 'web/sdk/dist/duet.js'), join(pages, 'duet.js'));
  server = await DuetServer.start({ args: ['--pages', pages] });
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await server?.stop(), { code: 0, signal: null });
  rmSync(pages, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(people.map(({ context }) => context.close()));
  people = [];
});

/** One user of the SDK in a page of its own. `codec`: the only one that it offers. */
class Person {
  async open(userId, { codec } = {}) {
    this.userId = userId;
    this.context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    people.push(this);
    this.page = await this.context.newPage();
    if (codec) {
      await this.page.addInitScript((only) => {
        const original = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
        RTCRtpReceiver.getCapabilities = (kind) => {
          const all = original(kind);
          const kept = ({ mimeType }) => kind === 'audio' || [only, 'video/rtx'].includes(mimeType.toLowerCase());
          return { ...all, codecs: all.codecs.filter(kept) };
        };
      }, `video/${codec}`);
    }
    await this.page.goto(server.url);
    await this.page.evaluate(async () => {
      const { Duet } = await import('/duet.js');
      window.heard = {};
      window.duet = Duet.create({ logLevel: 3 });
      for (const event of Object.values(Duet.EVENT)) window.duet.on(event, (payload) => (window.heard[event] ??= []).push(payload));
      document.body.replaceChildren(Object.assign(document.createElement('div'), { id: 'view', style: 'width:640px;height:480px' }));
    });
    return this;
  }

  async enter(room, { camera, audio = false, template = 'grid' } = {}) {
    const { sdkAppId, userSig } = await server.userSig(this.userId);
    await this.page.evaluate(async ({ camera, audio, params }) => {
      if (camera) await window.duet.startLocalVideo({ option: camera });
      if (audio) await window.duet.startLocalAudio();
      await window.duet.enterRoom(params);
    }, { camera, audio, params: { sdkAppId, userSig, userId: this.userId, roomId: room, template } });
    return this;
  }

  run(method, ...args) { return this.page.evaluate(([name, given]) => window.duet[name](...given), [method, args]); }
  heard(event) { return this.page.evaluate((name) => window.heard[name] ?? [], event); }
  stats() { return this.page.evaluate(() => window.duet.getPeerConnectionStats()); }

  /** What is sent of the camera, by rid: [active, height, bytes]. */
  async sent() {
    const entries = (await this.stats()).filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
    return Object.fromEntries(entries.map(({ rid, active, frameHeight, bytesSent }) => [rid ?? '', { active, height: frameHeight, bytes: bytesSent }]));
  }

  /** The picture that is received: frames so far, its height, and the codec. */
  async received() {
    const all = await this.stats();
    const entry = all.find(({ type, kind, framesDecoded }) => type === 'inbound-rtp' && kind === 'video' && framesDecoded > 0);
    return entry && { height: entry.frameHeight, frames: entry.framesDecoded, codec: all.find(({ id }) => id === entry.codecId)?.mimeType };
  }

  async waitHeight(height, ms = PATIENCE_MS) {
    let seen;
    try {
      return await until(`a picture ${height} high`, async () => (seen = await this.received())?.height === height && seen, ms);
    } catch (error) {
      throw new Error(`${error.message}; it is ${JSON.stringify(seen)}`);
    }
  }
}

const VGA = { profile: { width: 640, height: 480, frameRate: 15, bitrate: 900 } };
const HD = { profile: { width: 1280, height: 720, frameRate: 15, bitrate: 1500 } };

/** Bytes that an encoding sent, once it is seen not to send any more. */
async function quiet(person, rid) {
  let last = -1;
  let since = Date.now();
  return until(`${rid} to be silent`, async () => {
    const { bytes } = (await person.sent())[rid];
    if (bytes !== last) [last, since] = [bytes, Date.now()];
    return Date.now() - since > 1_500;
  });
}

for (const codec of ['h264', 'vp8']) {
  describe(`a camera in two sizes, ${codec}`, () => {
    test('small and main switch what arrives, and what nobody needs is not sent', async () => {
      const ann = await (await new Person().open('ann', { codec })).enter(1, { camera: VGA });
      const ben = await (await new Person().open('ben', { codec })).enter(1);
      await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
      const small = await ben.waitHeight(240);
      assert.equal(small.codec.toLowerCase(), `video/${codec}`);
      await until('the large one to be switched off', async () => (await ann.sent()).f.active === false);
      await quiet(ann, 'f');
      const before = (await ann.sent()).h.bytes;
      await until('the small one to go on', async () => (await ann.sent()).h.bytes > before + 5_000);

      await ben.run('updateRemoteVideo', { userId: 'ann', option: { small: false } });
      await ben.waitHeight(480);
      await until('the small one to be switched off', async () => (await ann.sent()).h.active === false);
      await quiet(ann, 'h');

      await ben.run('updateRemoteVideo', { userId: 'ann', option: { small: true } });
      const again = await ben.waitHeight(240);
      await until('the picture to move', async () => (await ben.received()).frames > again.frames + 10);
    });

    test('two people get what each asked for', async () => {
      const ann = await (await new Person().open('ann', { codec })).enter(2, { camera: VGA });
      const [ben, cem] = [await (await new Person().open('ben', { codec })).enter(2), await (await new Person().open('cem', { codec })).enter(2)];
      await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
      await cem.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: false } });
      await Promise.all([ben.waitHeight(240), cem.waitHeight(480)]);
      const { h, f } = await ann.sent();
      assert.ok(h.active && f.active);
      assert.deepEqual([h.height, f.height], [240, 480]);
    });
  });
}

describe('a large camera', () => {
  test('comes in three sizes, of which small is the smallest', async () => {
    const ann = await (await new Person().open('ann')).enter(3, { camera: HD });
    const ben = await (await new Person().open('ben')).enter(3);
    await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
    await ben.waitHeight(180);
    await until('only that to be sent', async () => { const { q, h, f } = await ann.sent(); return q.active && !h.active && !f.active; });
    await ben.run('updateRemoteVideo', { userId: 'ann', option: { small: false } });
    await ben.waitHeight(720);
  });
});

describe('a call of two', () => {
  test('sends one size, until the app wants a small one', async () => {
    const ann = await (await new Person().open('ann')).enter(4, { camera: VGA, template: '1v1' });
    const ben = await (await new Person().open('ben')).enter(4, { template: '1v1' });
    await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
    await ben.waitHeight(480);
    assert.deepEqual(Object.keys(await ann.sent()), ['']);
    await ann.run('updateLocalVideo', { option: { small: '120p' } });
    await ben.waitHeight(120);
    assert.deepEqual(Object.keys(await ann.sent()).sort(), ['f', 'q']);
    assert.deepEqual((await ben.heard('remote-user-exit')), []);
  });
});

describe('statistics', () => {
  test('have real values, of both directions', async () => {
    const ann = await (await new Person().open('ann')).enter(5, { camera: VGA, audio: true });
    const ben = await (await new Person().open('ben')).enter(5, { camera: VGA, audio: true });
    await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
    await ann.run('startRemoteVideo', { userId: 'ben', view: 'view', option: { small: false } });
    await ben.waitHeight(240);
    await ann.waitHeight(480);
    await ben.run('enableAudioVolumeEvaluation', 500);

    const near = (value, least, most, what) => assert.ok(value >= least && value <= most, `${what} ${value} lies in ${least}..${most}`);
    const full = ({ localStatistics: own, remoteStatistics: [remote] }) => own.video.length > 0 && own.video[0].frameRate > 5 && own.audio.bitrate > 0
      && remote?.video[0]?.frameRate > 5 && remote.video[0].bitrate > 0 && remote.audio.bitrate > 0;
    const both = await Promise.all([ann, ben].map((person) => until('full statistics', async () => (await person.heard('statistics')).filter(full).at(-1))));
    for (const { rtt, upLoss, downLoss, bytesSent, bytesReceived, localStatistics, remoteStatistics: [remote] } of both) {
      near(rtt, 0, 100, 'round trip');
      near(upLoss, 0, 5, 'loss up');
      near(downLoss, 0, 5, 'loss down');
      near(bytesSent, 20_000, 20_000_000, 'bytes sent');
      near(bytesReceived, 20_000, 20_000_000, 'bytes received');
      near(localStatistics.audio.bitrate, 10, 80, 'own voice');
      near(remote.audio.bitrate, 10, 80, 'voice');
      for (const { frameRate, bitrate, width, height } of [...localStatistics.video, ...remote.video]) {
        near(frameRate, 5, 31, 'frames');
        near(bitrate, 20, 1500, 'picture');
        assert.equal(width / height, 4 / 3);
      }
      near(remote.video[0].jitterBufferDelay, 1, 1000, 'wait of the picture');
      near(remote.audio.jitterBufferDelay, 1, 1000, 'wait of the voice');
    }
    const types = ({ localStatistics, remoteStatistics: [remote] }) => [localStatistics.video.map((v) => [v.videoType, v.height]), remote.video.map((v) => [v.videoType, v.height])];
    await until('each to send only what the other gets', async () => {
      const [a, b] = await Promise.all([ann, ben].map(async (person) => types((await person.heard('statistics')).at(-1))));
      return JSON.stringify([a, b]) === JSON.stringify([[[['small', 240]], [['big', 480]]], [[['big', 480]], [['small', 240]]]]);
    });
    await until('a voice to be heard', async () => (await ben.heard('audio-volume')).some(({ result }) => result.some(({ userId, volume }) => userId === 'ann' && volume > 20)));
    const quality = await until('what the server says of the others', async () => (await ben.heard('network-quality')).findLast(({ members }) => members.some(({ userId, uplink }) => userId === 'ann' && uplink > 0)));
    near(quality.uplinkNetworkQuality, 1, 3, 'quality up');
    near(quality.downlinkNetworkQuality, 1, 3, 'quality down');
    assert.deepEqual([quality.uplinkRTT, quality.downlinkRTT].every((ms) => ms >= 0 && ms < 100), true);
  });
});
