// Cameras in several sizes: who asks for the small picture gets it, who asks for the large one gets that, and what nobody needs is not sent.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchBrowser } from '../lib/browser.mjs';
import { SdkUser, startSdkSite } from '../lib/sdk-user.mjs';
import { until } from '../lib/server.mjs';

let server, browser, pages, people = [];
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

function person() {
  const one = new SdkUser(browser, server);
  people.push(one);
  return one;
}

const VGA = { profile: { width: 640, height: 480, frameRate: 15, bitrate: 900 } };
const HD = { profile: { width: 1280, height: 720, frameRate: 15, bitrate: 1500 } };

/** Bytes that an encoding sent, once it is seen not to send any more. */
async function quiet(one, rid) {
  let last = -1;
  let since = Date.now();
  return until(`${rid} to be silent`, async () => {
    const { bytes } = (await one.sent())[rid];
    if (bytes !== last) [last, since] = [bytes, Date.now()];
    return Date.now() - since > 1_500;
  });
}

for (const codec of ['h264', 'vp8']) {
  describe(`a camera in two sizes, ${codec}`, () => {
    test('small and main switch what arrives, and what nobody needs is not sent', async () => {
      const ann = await (await person().open('ann', { codec })).enter(1, { camera: VGA });
      const ben = await (await person().open('ben', { codec })).enter(1);
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
      const ann = await (await person().open('ann', { codec })).enter(2, { camera: VGA });
      const [ben, cem] = [await (await person().open('ben', { codec })).enter(2), await (await person().open('cem', { codec })).enter(2)];
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
    const ann = await (await person().open('ann')).enter(3, { camera: HD });
    const ben = await (await person().open('ben')).enter(3);
    await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
    await ben.waitHeight(180);
    await until('only that to be sent', async () => { const { q, h, f } = await ann.sent(); return q.active && !h.active && !f.active; });
    await ben.run('updateRemoteVideo', { userId: 'ann', option: { small: false } });
    await ben.waitHeight(720);
  });
});

describe('a call of two', () => {
  test('sends one size, until the app wants a small one', async () => {
    const ann = await (await person().open('ann')).enter(4, { camera: VGA, template: '1v1' });
    const ben = await (await person().open('ben')).enter(4, { template: '1v1' });
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
    const ann = await (await person().open('ann')).enter(5, { camera: VGA, audio: true });
    const ben = await (await person().open('ben')).enter(5, { camera: VGA, audio: true });
    await ben.run('startRemoteVideo', { userId: 'ann', view: 'view', option: { small: true } });
    await ann.run('startRemoteVideo', { userId: 'ben', view: 'view', option: { small: false } });
    await ben.waitHeight(240);
    await ann.waitHeight(480);
    await ben.run('enableAudioVolumeEvaluation', 500);

    const near = (value, least, most, what) => assert.ok(value >= least && value <= most, `${what} ${value} lies in ${least}..${most}`);
    const full = ({ localStatistics: own, remoteStatistics: [remote] }) => own.video.length > 0 && own.video[0].frameRate > 5 && own.audio.bitrate > 0
      && remote?.video[0]?.frameRate > 5 && remote.video[0].bitrate > 0 && remote.audio.bitrate > 0
      && remote.video[0].jitterBufferDelay > 0 && remote.audio.jitterBufferDelay > 0; // less than half a millisecond is 0, on a quiet loopback now and then
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
