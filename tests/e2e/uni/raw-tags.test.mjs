// A project with a component of its own over the raw tags, as people have them: nothing of it knows of Duet but one line of vue.config.js.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { Caller, launchBrowser } from '../lib/browser.mjs';
import { PATIENCE_MS, until } from '../lib/server.mjs';
import { BUILD_LIMIT_MS, witnessed } from '../lib/witness.mjs';
import { builtProject, PHONE, startSite } from './site.mjs';

describe('a project over the raw tags', () => {
  let server, browser, page, bob;
  const log = [];
  const test = witnessed({ people: () => [{ name: 'alice', page, log }, bob], server: () => server });
  before(async () => {
    const project = await builtProject('raw-tags');
    server = await startSite({ examples: [], prepare: (pages) => cpSync(project, join(pages, 'raw'), { recursive: true }) });
    browser = await launchBrowser();
    bob = await new Caller(browser, 'bob').open(server, { roomID: '1234', template: '1v1' });
    await bob.join();
    const { userSig, sdkAppId } = await server.userSig('alice');
    const context = await browser.newContext({ permissions: ['camera', 'microphone'], ...PHONE });
    context.setDefaultTimeout(PATIENCE_MS);
    page = await context.newPage();
    page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => log.push(`page error: ${error.stack ?? error}`));
    // Beside the camera itself, which the browser asks for: that it may be moved.
    const { targetInfo: { browserContextId } } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
    await (await browser.newBrowserCDPSession()).send('Browser.grantPermissions', {
      permissions: ['cameraPanTiltZoom', 'videoCapture', 'audioCapture'], origin: new URL(server.url).origin, browserContextId });
    await page.addInitScript(() => {
      window.opened = [];
      const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        const stream = await original(constraints);
        window.opened.push(...stream.getVideoTracks());
        return stream;
      };
    });
    const query = new URLSearchParams({ sdkAppID: String(sdkAppId), roomID: '1234', userID: 'alice', userSig });
    await page.goto(`${server.url}raw/index.html#/pages/call/call?${query}`);
  }, { timeout: BUILD_LIMIT_MS });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const codes = () => page.evaluate(() => window.room?.codes ?? []);
  const player = () => page.locator('uni-live-player video');

  test('runs, and calls', async () => {
    await bob.waitMedia();
    await until('the first frame', async () => (await codes()).includes('bob 2032'));
    const told = await codes();
    for (const code of ['started', 1001, 1002, 1003, 1007, 1008, 1018, 1020, 1031, 'joined bob', 1033, 1034, 'bob 2001', 'bob 2003']) {
      assert.ok(told.includes(code), `${code} is among ${told.join(' ')}`);
    }
    assert.ok(told.indexOf(1018) < told.indexOf(1031));
    assert.deepEqual(told.filter((code) => code < 0 || String(code).startsWith('error')), []);
    assert.equal(await player().evaluate((video) => getComputedStyle(video).objectFit), 'contain');
    assert.match(await page.locator('.own-room__first').innerText(), /bob speaker/);
  });

  test('gets figures every two seconds, which are real', async () => {
    const figures = await until('figures of both', async () => {
      const all = await page.evaluate(() => window.room.figures);
      const of = (who) => all.filter(([name, { videoBitrate }]) => name === who && videoBitrate > 0).map(([, info]) => info);
      // A picture that has just begun, on a busy machine, is none of five frames yet.
      return of('pusher').length > 1 && of('bob').length > 1
        && [of('pusher').at(-1), of('bob').at(-1)].every(({ videoFPS, audioBitrate }) => videoFPS >= 5 && audioBitrate > 0)
        && { own: of('pusher').at(-1), bob: of('bob').at(-1) };
    });
    for (const { videoFPS, videoWidth, videoHeight, audioBitrate, netSpeed, videoBitrate } of Object.values(figures)) {
      assert.ok(videoFPS >= 5 && videoFPS <= 40 && videoWidth >= 160 && videoHeight >= 120 && audioBitrate > 0, JSON.stringify(figures));
      assert.equal(netSpeed, videoBitrate + audioBitrate);
    }
    assert.match(await page.locator('uni-live-pusher .duet-uni-debug').innerText(), /\d+x\d+ \d+ fps/);
  });

  test('pauses the player while another page lies over it, and goes on after', async () => {
    const packets = async () => (await page.evaluate(() => window.room.figures.filter(([name]) => name === 'bob').at(-1)?.[1].netSpeed)) ?? 0;
    await page.evaluate(() => uni.navigateTo({ url: '/pages/settings/settings' }));
    await page.locator('.settings').waitFor();
    await until('nothing to be received', async () => (await packets()) === 0);
    assert.ok((await bob.stats()).frames_decoded > 0);
    const before = (await bob.stats()).frames_decoded;
    await until('bob to see on', async () => (await bob.stats()).frames_decoded > before + 10);
    await page.evaluate(() => uni.navigateBack());
    const first = await until('the picture', () => player().evaluate((video) => video.videoWidth > 0 && video.currentTime));
    await until('it to move', async () => (await player().evaluate((video) => video.currentTime)) > first);
    const own = () => page.locator('uni-live-pusher video').evaluate((video) => !video.paused && video.currentTime);
    const preview = await until('the own picture', own);
    await until('it to move', async () => (await own()) > preview);
  });

  test('keeps the camera sharp, or leaves it as it is', async () => {
    // What the camera is told: the fake one does nothing with it.
    const focus = () => page.evaluate(() => window.opened.at(-1).getConstraints().advanced?.[0]?.focusMode);
    const change = (enableAutoFocus) => page.evaluate((on) => window.room.setData({ pusher: { ...window.room.pusher, enableAutoFocus: on } }), enableAutoFocus);
    await until('continuous focus', async () => (await focus()) === 'continuous');
    await change(false);
    await until('no focus by itself', async () => (await focus()) === 'manual');
    await change(undefined);
    await until('continuous focus again', async () => (await focus()) === 'continuous');
  });

  test('zooms the camera with a pinch, where it is switched on', async () => {
    const zoom = () => page.evaluate(() => window.opened.at(-1).getSettings().zoom);
    const pinch = (deltaY) => page.locator('uni-live-pusher').dispatchEvent('wheel', { deltaY, ctrlKey: true, bubbles: true, cancelable: true });
    const change = (enableZoom) => page.evaluate((on) => window.room.setData({ pusher: { ...window.room.pusher, enableZoom: on } }), enableZoom);
    await change(true);
    await until('a camera that zooms', async () => (await zoom()) === 100);
    // Fingers go on until they see it: the tag takes a camera over a little after the browser has opened it.
    await until('it to be nearer', async () => { await pinch(-50); return (await zoom()) > 150; });
    await until('it to be as far as it can', async () => { await pinch(1000); return (await zoom()) === 100; });
    const cameras = await page.evaluate(() => window.opened.length);
    await change(false);
    await until('the camera without', async () => (await page.evaluate(() => window.opened.length)) > cameras);
    assert.equal(await page.evaluate(() => window.opened.filter((track) => track.readyState === 'live').length), 1);
  });

  test('waits with playing as long as min-cache says', async () => {
    const change = (values) => page.evaluate((given) => window.room.setData({ streamList: [{ ...window.room.streamList[0], ...given }] }), values);
    const cache = () => page.evaluate(() => window.room.figures.filter(([name]) => name === 'bob').at(-1)?.[1].videoCache);
    await until('a short wait', async () => { const ms = await cache(); return ms > 0 && ms < 500; });
    await change({ minCache: 1.5, maxCache: 3 });
    await until('a long wait', async () => (await cache()) > 1_000);
    await change({ minCache: 1, maxCache: 2 });
    await until('a short wait again', async () => (await cache()) < 500);
  });

  test('changes attributes at run time', async () => {
    const change = (values) => page.evaluate((given) => window.room.setData({ streamList: [{ ...window.room.streamList[0], ...given }] }), values);
    await change({ objectFit: 'fillCrop' });
    await until('the picture to fill its view', async () => (await player().evaluate((video) => getComputedStyle(video).objectFit)) === 'cover');
    await change({ orientation: 'horizontal' });
    await until('the picture to be turned', async () => page.locator('uni-live-player').evaluate((tag) => {
      const box = tag.querySelector('video').parentElement.style;
      return box.transform.includes('rotate(90deg)') && box.width === `${tag.clientHeight}px`;
    }));
    await change({ muteVideo: true });
    await until('no picture', async () => (await player().count()) === 0);
    await change({ muteVideo: false, objectFit: 'contain', orientation: 'vertical' });
    await until('the picture again', async () => (await player().count()) === 1);
    await page.evaluate(() => window.room.setData({ pusher: { ...window.room.pusher, enableCamera: false } }));
    await until('bob to lose the picture', async () => (await bob.at('remote-alice').locator('video:visible').count()) === 0);
    await page.evaluate(() => window.room.setData({ pusher: { ...window.room.pusher, enableCamera: true } }));
    await until('bob to have it again', async () => (await bob.at('remote-alice').locator('video:visible').count()) > 0);
  });

  test('sends the waiting image while paused, and the camera again after', async () => {
    /** How red the picture is that bob sees. */
    const red = () => bob.at('remote-alice').locator('video').evaluate((video) => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 8, height: 8 });
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0, 8, 8);
      const { data } = context.getImageData(0, 0, 8, 8);
      return data[4 * 36] - data[4 * 36 + 1];
    });
    await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 64, height: 64 });
      const context = canvas.getContext('2d');
      context.fillStyle = '#f00';
      context.fillRect(0, 0, 64, 64);
      window.room.setData({ pusher: { ...window.room.pusher, waitingImage: canvas.toDataURL() } });
      window.room.pusherContext.pause();
    });
    await until('bob to see red', async () => (await red()) > 100);
    await page.evaluate(() => window.room.pusherContext.resume());
    await until('bob to see the camera', async () => (await red()) < 0);
  });

  test('is heard through every reverb', async () => {
    for (const audioReverbType of [1, 2, 3, 4, 5, 6, 7, 0]) {
      await page.evaluate((type) => window.room.setData({ pusher: { ...window.room.pusher, audioReverbType: type } }), audioReverbType);
      const { audio_packets: before } = await bob.stats();
      await until(`sound with reverb ${audioReverbType}`, async () => { const s = await bob.stats(); return s.audio_packets > before + 20 && s.audio_level > 0.01; });
    }
    assert.deepEqual((await codes()).filter((code) => code < 0 || String(code).startsWith('error')), []);
  });

  test('fills the screen, and leaves it', async () => {
    await page.evaluate(() => window.room.streamList[0].context ?? uni.createLivePlayerContext('bob_main'));
    await page.evaluate(() => uni.createLivePlayerContext('bob_main', window.room).requestFullScreen({ direction: 90 }));
    await until('it to be told', async () => (await codes()).includes('full true'));
    const box = await page.locator('uni-live-player').boundingBox();
    assert.deepEqual([Math.round(box.width), Math.round(box.height)], [PHONE.viewport.width, PHONE.viewport.height]);
    await page.evaluate(() => uni.createLivePlayerContext('bob_main', window.room).exitFullScreen());
    await until('the end to be told', async () => (await codes()).includes('full false'));
    await until('it to be small again', async () => (await page.locator('uni-live-player').boundingBox()).height < PHONE.viewport.height);
  });

  test('leaves, and enters again', async () => {
    await page.evaluate(() => window.room.exit());
    await until('1019', async () => (await codes()).includes(1019));
    await bob.at('waiting').waitFor();
    const { userSig, sdkAppId } = await server.userSig('alice');
    await page.evaluate((given) => window.room.enter(given), { sdkAppID: sdkAppId, roomID: 1234, userID: 'alice', userSig });
    await bob.waitMedia();
    await until('two entries', async () => (await codes()).filter((code) => code === 1018).length === 2);
  });

  test('without a network says that no address can be looked up', async () => {
    await page.evaluate(() => window.room.exit());
    await bob.at('waiting').waitFor();
    const { userSig, sdkAppId } = await server.userSig('alice');
    await page.context().setOffline(true);
    await page.evaluate((given) => window.room.enter(given), { sdkAppID: sdkAppId, roomID: 1234, userID: 'alice', userSig });
    await until('3001, then the end', async () => {
      const told = (await codes()).filter((code) => code > 3000 || code === -1307);
      return told.join() === '3001,-1307';
    });
  });
});
