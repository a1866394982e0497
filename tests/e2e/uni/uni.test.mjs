// uni-app pages over Duet: the examples as they are built, with each other and with the call page.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe } from 'node:test';
import { Caller, launchBrowser } from '../lib/browser.mjs';
import { duetProgram, DuetServer, root, until } from '../lib/server.mjs';
import { BUILD_LIMIT_MS, witnessed } from '../lib/witness.mjs';
import { EXAMPLES, PHONE, RoomPage, startSite } from './site.mjs';

const PAIR = { roomID: '1234', template: '1v1' };
const shots = join(root, 'build/test-logs');
mkdirSync(shots, { recursive: true });

let server, browser, people = [];
const test = witnessed({ people: () => people.filter(({ log }) => log), server: () => server });
before(async () => {
  server = await startSite({
    prepare: (pages) => {
      writeFileSync(join(pages, 'tone.wav'), tone(440, 20));
      copyFileSync(join(root, 'web/sdk/dist/duet.js'), join(pages, 'duet.js'));
    },
  });
  browser = await launchBrowser();
}, { timeout: BUILD_LIMIT_MS });
after(async () => {
  await browser?.close();
  assert.deepEqual(await server?.stop(), { code: 0, signal: null });
});
afterEach(async () => {
  await Promise.all(people.map((person) => person.close()));
  people = [];
});

async function phone(example, name, params = {}) {
  const person = new RoomPage(browser, example, name);
  people.push(person);
  return person.open(server, params);
}

async function computer(name, params = PAIR) {
  const caller = new Caller(browser, name);
  people.push(caller);
  await caller.open(server, params);
  return caller.join();
}

/** A sine as a WAV file: mono, 16 bit, 16 kHz. */
function tone(hertz, seconds) {
  const rate = 16_000;
  const samples = new Int16Array(rate * seconds).map((_, i) => 20_000 * Math.sin((2 * Math.PI * hertz * i) / rate));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

function assertFits({ fit, box, size, drawn }) {
  assert.equal(fit, 'contain');
  assert.ok(drawn[0] <= box[0] + 1 && drawn[1] <= box[1] + 1, `all of it is in the view: ${drawn} in ${box}`);
  assert.ok(Math.abs(drawn[0] / drawn[1] - size[0] / size[1]) < 0.01, 'in its own proportions');
  assert.ok(Math.abs(drawn[0] - box[0]) < 1 || Math.abs(drawn[1] - box[1]) < 1, 'as large as it can be');
}

for (const example of EXAMPLES) {
  describe(`${example}, a phone upright, with a computer`, () => {
    test('the picture of the computer is cropped, and fits with what the page sets when it has entered', async () => {
      const bob = await computer('bob');
      const alice = await phone(example, 'alice', { fillMode: 'fillCrop' });
      await alice.waitPhase('in');
      const cropped = await alice.waitPicture('bob');
      assert.equal(cropped.fit, 'cover');
      assert.ok(cropped.drawn[0] > cropped.box[0] * 1.5, `much of its width is cut off: ${cropped.drawn} in ${cropped.box}`);
      await alice.page.screenshot({ path: join(shots, `${example}-cropped.png`) });
      await alice.press('hangup');
      await alice.page.goto('about:blank');
      await alice.goto({}); // the page as it is: contain
      await alice.waitPhase('in');
      assertFits(await alice.waitPicture('bob'));
      await alice.page.screenshot({ path: join(shots, `${example}-fits.png`) });
      await bob.waitMedia();
      await bob.page.screenshot({ path: join(shots, `${example}-seen-from-the-computer.png`) });
    });

    test('20 s in the background the computer sees it paused; back, everything is as it was', async () => {
      const bob = await computer('bob');
      const alice = await phone(example, 'alice');
      await alice.waitPhase('in');
      await alice.waitPicture('bob');
      await bob.waitMedia();
      const hidden = Date.now();
      await alice.page.evaluate(() => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await bob.at('paused-banner').waitFor();
      await until('the devices to be off', async () => (await alice.devicesOn()) === 0);
      assert.equal(await alice.page.locator('.trtc-room').getAttribute('data-phase'), 'suspended');
      await until('20 s to be over', () => Date.now() - hidden >= 20_000);
      const { members, pausedMembers } = await server.counts();
      assert.deepEqual([members, pausedMembers], [2, 1], 'the seat is kept');
      await alice.page.evaluate(() => {
        delete document.visibilityState;
        delete document.hidden;
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await bob.at('paused-banner').waitFor({ state: 'detached' });
      await alice.waitPhase('in');
      assertFits(await alice.waitPicture('bob'));
      await bob.waitMedia();
      const log = await alice.page.evaluate(() => window.trtcroom.getRemoteUserList());
      assert.deepEqual(log.map(({ userID, hasMainVideo, hasMainAudio }) => [userID, hasMainVideo, hasMainAudio]), [['bob', true, true]]);
    });

    test('left and entered again it still fits, and no device is left on in between', async () => {
      const bob = await computer('bob');
      const alice = await phone(example, 'alice');
      await alice.waitPhase('in');
      await alice.waitPicture('bob');
      await alice.page.evaluate(() => window.trtcroom.exitRoom());
      await bob.at('waiting').waitFor();
      await until('the devices to be off', async () => (await alice.devicesOn()) === 0);
      await alice.page.evaluate(() => window.trtcroom.enterRoom({ roomID: 1234 }));
      assertFits(await alice.waitPicture('bob'));
      await bob.waitMedia();
    });

    test('a component that goes while it enters leaves no device on and nobody in the room', async () => {
      const alice = await phone(example, 'alice');
      await alice.page.evaluate(async () => {
        const room = window.trtcroom;
        room.publishLocalVideo();
        room.publishLocalAudio();
        room.$emit('hangup'); // the page goes to the index at once
      });
      await until('the page to be another', async () => (await alice.page.locator('.trtc-room').count()) === 0);
      await until('the room to be empty', async () => (await server.counts()).members === 0);
      await until('the devices to be off', async () => (await alice.devicesOn()) === 0);
    });

    test('version checks of the page find versions', async () => {
      const alice = await phone(example, 'alice');
      const told = await alice.page.evaluate(() => uni.getSystemInfoSync());
      assert.match(told.SDKVersion, /^\d+\.\d+\.\d+$/);
      assert.match(told.version, /^\d+\.\d+\.\d+$/);
    });

    test('a third person is refused, in words', async () => {
      await computer('bob');
      const alice = await phone(example, 'alice');
      await alice.waitPhase('in');
      const carol = await phone(example, 'carol');
      const notice = carol.page.locator('.trtc-room__notice');
      await notice.waitFor();
      assert.equal(await notice.getAttribute('data-code'), '-3301');
      assert.match(await notice.innerText(), /full/i);
      await carol.page.screenshot({ path: join(shots, `${example}-refused.png`) });
      await carol.waitPhase('out');
    });

    test('messages go both ways, with the call page and between components', async () => {
      const bob = await computer('bob', { roomID: '1234', template: 'grid' });
      const [alice, carol] = [await phone(example, 'alice', { template: 'grid' }), await phone(example, 'carol', { template: 'grid' })];
      for (const person of [alice, carol]) {
        await person.waitPhase('in');
        await person.page.evaluate(() => {
          window.messages = [];
          window.trtcroom.on(window.trtcroom.EVENT.IM_MESSAGE_RECEIVED, ({ data }) => window.messages.push(...data));
        });
      }
      await alice.page.evaluate(() => window.trtcroom.sendGroupTextMessage({ message: 'hello 你好' }));
      await bob.at('chat-toggle').click();
      await bob.at('chat-list').getByText('hello 你好').waitFor();
      await bob.at('chat-input').fill('and you');
      await bob.at('chat-send').click();
      await alice.page.evaluate(() => window.trtcroom.sendC2CCustomMessage({ userID: 'carol', data: 'secret' }));
      const summary = (person) => person.page.evaluate(() => window.messages.map(({ from, conversationType, payload }) => [from, conversationType, payload.text ?? payload.data]));
      await until('carol to have all', async () => (await summary(carol)).length === 3);
      assert.deepEqual((await summary(carol)).sort(), [['alice', 'C2C', 'secret'], ['alice', 'GROUP', 'hello 你好'], ['bob', 'GROUP', 'and you']]);
      assert.deepEqual(await summary(alice), [['bob', 'GROUP', 'and you']]);
    });

    test('music is heard on the other side while the microphone is off', async () => {
      const bob = await computer('bob');
      const alice = await phone(example, 'alice');
      await alice.waitPhase('in');
      await bob.waitMedia();
      await alice.page.evaluate(() => window.trtcroom.unpublishLocalAudio());
      await until('silence', async () => (await bob.at('remote-alice').locator('.tile__muted').count()) > 0);
      await alice.page.evaluate(async () => {
        window.music = [];
        for (const name of ['BGM_PLAY_START', 'BGM_PLAY_PROGRESS', 'BGM_PLAY_FAIL']) {
          window.trtcroom.on(name, ({ eventCode, data }) => window.music.push([eventCode, data]));
        }
        await window.trtcroom.playBGM({ url: '/tone.wav' });
      });
      // A tone: the fake microphone's beeps are over before five new readings are.
      let steady = 0;
      let packets = 0;
      await until('the tone to be heard', async () => {
        const now = await bob.stats();
        if (now.audio_packets === packets) return false;
        packets = now.audio_packets;
        steady = now.audio_level > 0.2 && now.audio_level < 0.95 ? steady + 1 : 0;
        return steady >= 5;
      }).catch(async (error) => {
        throw new Error(`${error.message}\n${JSON.stringify(await alice.page.evaluate(() => window.music))}\n${alice.log.slice(-10).join('\n')}`);
      });
      const events = await until('progress', async () => { const m = await alice.page.evaluate(() => window.music); return m.length > 2 && m; });
      assert.equal(events[0][0], 'BGM_PLAY_START');
      assert.ok(events.some(([name, { progress, duration }]) => name === 'BGM_PLAY_PROGRESS' && progress > 0 && Math.abs(duration - 20_000) < 100));
      await alice.page.evaluate(() => window.trtcroom.stopBGM());
      await until('silence again', async () => (await bob.at('remote-alice').locator('.tile__muted').count()) > 0);
    });

    test('snapshots of both sides are pictures, and a look changes the own one', async () => {
      await computer('bob');
      const alice = await phone(example, 'alice');
      await alice.waitPhase('in');
      await alice.waitPicture('bob');
      await alice.waitPicture('');
      /** Mean colour of a snapshot, and how much its pixels differ. */
      const look = (given) => alice.page.evaluate(async (options) => {
        const { tempImagePath, width, height } = await window.trtcroom.snapshot(options);
        const image = new Image();
        image.src = tempImagePath;
        await image.decode();
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: 32, height: 32 });
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0, 32, 32);
        const { data } = context.getImageData(0, 0, 32, 32);
        const mean = [0, 1, 2].map((c) => data.reduce((sum, v, i) => sum + (i % 4 === c ? v : 0), 0) / 1024);
        return { mean, size: [width, height], same: [image.naturalWidth, image.naturalHeight] };
      }, given);
      for (const given of [{}, { userID: 'bob' }]) {
        const { mean, size, same } = await look(given);
        assert.deepEqual(size, same);
        assert.ok(size[0] > 100 && mean[1] > 40, `not black: ${mean}, ${size}`);
      }
      const plain = await look({});
      await alice.page.evaluate(() => window.trtcroom.room.configure({ filter: 'nostalgia', whitenessLevel: 9 }));
      await until('more red in the picture', async () => (await look({})).mean[0] > plain.mean[0] + 20);
      await alice.page.screenshot({ path: join(shots, `${example}-nostalgia.png`) });
    });
  });
}

describe('both examples', () => {
  test('call each other', async () => {
    const [alice, bob] = [await phone('uni-vue2', 'alice'), await phone('uni-vue3', 'bob')];
    await alice.waitPicture('bob');
    await bob.waitPicture('alice');
    await alice.page.evaluate(() => {
      window.states = [];
      window.trtcroom.on('REMOTE_STATE_UPDATE', ({ data }) => window.states.push(data));
    });
    await bob.page.evaluate(() => window.trtcroom.sendSEI({ message: '第 1 页' }));
    await until('what was sent beside the picture', () => alice.page.evaluate(() => window.states.some(({ code, message }) => code === 2012 && message === '第 1 页')));
  });

  test('meet, four on a page', async () => {
    const names = ['ann', 'ben', 'cem', 'dan'];
    const all = [];
    for (const [i, name] of names.entries()) all.push(await phone(EXAMPLES[i % 2], name, { template: 'grid', roomID: '9', localVideo: 'true', localAudio: 'true', fillMode: 'none' }));
    for (const person of all) {
      for (const other of names.filter((name) => name !== person.name)) await person.waitPicture(other);
      const { box } = await person.picture(names.find((name) => name !== person.name));
      assert.deepEqual(box.map(Math.round), [195, 422]);
    }
    await all[0].page.screenshot({ path: join(shots, 'uni-grid.png') });
  });

  test('page through a meeting of more than nine; a picture of another page is not received', async () => {
    const alice = await phone('uni-vue3', 'alice', { template: 'grid', roomID: '10', fillMode: 'none' });
    await alice.waitPhase('in');
    // Nine more in one page, by the SDK alone; the last one has a picture.
    const others = await browser.newContext();
    people.push({ close: () => others.close() });
    const crowd = await others.newPage();
    await crowd.goto(server.url);
    await crowd.evaluate(async () => {
      const { Duet } = await import('/duet.js');
      const canvas = document.body.appendChild(document.createElement('canvas'));
      const context = canvas.getContext('2d');
      setInterval(() => { context.fillStyle = `hsl(${Date.now() / 20 % 360} 100% 50%)`; context.fillRect(0, 0, 300, 150); }, 60);
      for (let i = 1; i <= 9; i++) {
        const userId = `guest${i}`;
        const { sdkAppId, userSig } = await (await fetch('/v1/dev/usersig', {
          method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ userId }) })).json();
        const duet = Duet.create();
        if (i === 9) await duet.startLocalVideo({ option: { videoTrack: canvas.captureStream(15).getVideoTracks()[0] } });
        await duet.enterRoom({ sdkAppId, userId, userSig, roomId: 10, template: 'grid' });
      }
    });
    const shown = () => alice.page.locator('.trtc-room__tile:visible').evaluateAll((tiles) => tiles.map((tile) => tile.dataset.user));
    const first = ['', 'guest1', 'guest2', 'guest3', 'guest4', 'guest5', 'guest6', 'guest7', 'guest8'];
    await until('nine on the first page', async () => (await alice.page.locator('.trtc-room__pages').count()) === 1 && (await shown()).length === 9);
    assert.deepEqual((await shown()).sort(), first);
    assert.match(await alice.page.locator('.trtc-room__pages').innerText(), /1 \/ 2/);
    assert.equal(await alice.picture('guest9'), null);
    await alice.page.screenshot({ path: join(shots, 'uni-grid-page-1.png') });
    await alice.page.locator('.trtc-room__page').last().click();
    await alice.waitPicture('guest9');
    assert.deepEqual(await shown(), ['guest9']);
    await alice.page.locator('.trtc-room__page').first().click();
    await until('the picture of the other page to be given up', async () => (await alice.page.locator('.trtc-room__tile[data-user="guest9"] video').count()) === 0);
    assert.deepEqual((await shown()).sort(), first);
  });

  test('small and main switch the resolution that is received', async () => {
    for (const example of EXAMPLES) {
      // The camera of a computer: the phone's own is one too.
      const bob = await computer('bob', { roomID: '77', template: 'grid' });
      const alice = await phone(example, 'alice', { template: 'grid', roomID: '77', fillMode: 'none' });
      await alice.waitPhase('in');
      const height = async () => (await alice.picture('bob'))?.size[1];
      await alice.waitPicture('bob');
      await alice.page.evaluate(() => window.trtcroom.subscribeRemoteVideo({ userID: 'bob', streamType: 'main' }));
      await until('the large picture', async () => (await height()) === 480);
      await alice.page.evaluate(() => window.trtcroom.subscribeRemoteVideo({ userID: 'bob', streamType: 'small' }));
      await until('the small picture', async () => (await height()) === 240);
      await alice.waitPicture('bob');
      await alice.page.evaluate(() => window.trtcroom.subscribeRemoteVideo({ userID: 'bob', streamType: 'main' }));
      await until('the large picture again', async () => (await height()) === 480);
      await Promise.all([alice.close(), bob.close()]);
    }
  });

  test('in a room of two, encsmall asks for a small picture too', async () => {
    const [alice, bob] = [await phone('uni-vue2', 'alice'), await phone('uni-vue3', 'bob')];
    await alice.waitPhase('in');
    await alice.page.evaluate(() => window.trtcroom.exitRoom());
    await alice.page.evaluate(() => window.trtcroom.enterRoom({ roomID: 1234, encsmall: 1 }));
    await Promise.all([alice.waitPicture('bob'), bob.waitPicture('alice')]);
    await bob.page.evaluate(() => window.trtcroom.subscribeRemoteVideo({ userID: 'alice', streamType: 'small' }));
    await until('the small picture', async () => { const [w, h] = (await bob.picture('alice')).size; return Math.max(w, h) === 320; });
  });

  test('go on under another page of the app', async () => {
    const [alice, bob] = [await phone('uni-vue3', 'alice'), await phone('uni-vue2', 'bob')];
    await Promise.all([alice.waitPicture('bob'), bob.waitPicture('alice')]);
    for (const [person, other] of [[alice, 'bob'], [bob, 'alice']]) {
      // A Vue 3 build has only the functions that the project uses.
      await person.page.evaluate(() => {
        if (uni.navigateTo) uni.navigateTo({ url: '/pages/join/join?kind=1v1' });
        else location.hash = '#/pages/join/join?kind=1v1';
      });
      await person.page.locator('.join__room').waitFor();
      await person.page.goBack();
      await person.waitPicture(other);
      await person.waitPicture('');
      await person.waitPhase('in');
    }
  });

  test('join by hand: checks, a signature from the development server, the room', async () => {
    for (const example of EXAMPLES) {
      const eve = await phone(example, 'eve');
      await eve.page.goto('about:blank');
      await eve.page.goto(`${server.url}examples/${example}/index.html`);
      await eve.page.locator('.index__kind[data-kind="1v1"]').click();
      await eve.page.locator('.join__room input').fill('12a');
      await eve.page.locator('.join__enter').click();
      await eve.page.locator('.problem').waitFor();
      await eve.page.locator('.join__room input').fill('4321');
      await eve.page.locator('.join__user input').fill('eve');
      await eve.page.locator('.join__enter').click();
      await eve.waitPhase('in');
      await eve.waitPicture('');
      await eve.press('hangup');
      await eve.page.locator('.join__room').waitFor();
      await until('the devices to be off', async () => (await eve.devicesOn()) === 0);
      await eve.close();
    }
  });

  test('a signature that does not fit is refused, with the code that projects know', async () => {
    const { userSig, sdkAppId } = await server.userSig('somebody-else');
    for (const example of EXAMPLES) {
      const mallory = await phone(example, 'mallory', { userSig, sdkAppID: String(sdkAppId) });
      const notice = mallory.page.locator('.trtc-room__notice');
      await notice.waitFor();
      assert.equal(await notice.getAttribute('data-code'), '-100018');
      await mallory.close();
    }
  });
});

describe('a person who refuses camera and microphone', () => {
  test('reads what to do, hears and sees the other side, and is seen after all when they are allowed', async () => {
    const strict = await launchBrowser({ fakeConsent: false });
    people.push(strict);
    for (const example of EXAMPLES) {
      const bob = await computer('bob');
      const alice = new RoomPage(strict, example, 'alice');
      people.push(alice);
      await alice.open(server, {}, { ...PHONE, permissions: undefined });
      const session = await strict.newBrowserCDPSession();
      const { targetInfo: { browserContextId } } = await (await alice.context.newCDPSession(alice.page)).send('Target.getTargetInfo');
      const set = async (setting) => {
        for (const name of ['camera', 'microphone']) {
          await session.send('Browser.setPermission', { permission: { name }, setting, origin: new URL(server.url).origin, browserContextId });
        }
      };
      await set('denied');
      await alice.page.goto('about:blank');
      await alice.goto({});
      await alice.waitPhase('in');
      await alice.page.evaluate(() => {
        window.errors = [];
        window.trtcroom.on('ERROR', ({ data }) => window.errors.push(data));
      });
      await alice.page.evaluate(() => Promise.all([window.trtcroom.unpublishLocalVideo(), window.trtcroom.unpublishLocalAudio()]));
      await alice.page.evaluate(() => { window.trtcroom.publishLocalVideo(); window.trtcroom.publishLocalAudio(); });
      const errors = await until('both refusals', async () => { const all = await alice.page.evaluate(() => window.errors); return all.length >= 2 && all; });
      assert.deepEqual([...new Set(errors.map(({ code }) => code))].sort(), [-1301, -1302]);
      for (const { code, message } of errors) {
        assert.match(message, code === -1301 ? /camera/ : /microphone/);
        assert.match(message, /allow it for this site/);
      }
      const notice = alice.page.locator('.trtc-room__notice');
      await notice.waitFor();
      assert.match(await notice.innerText(), /cannot be used.*allow it for this site/s);
      await alice.page.screenshot({ path: join(shots, `${example}-not-allowed.png`) });
      await alice.waitPicture('bob');
      assert.equal(await alice.devicesOn(), 0);

      await set('granted');
      await alice.page.evaluate(() => Promise.all([window.trtcroom.unpublishLocalVideo(), window.trtcroom.unpublishLocalAudio()]));
      await alice.page.evaluate(() => { window.trtcroom.publishLocalVideo(); window.trtcroom.publishLocalAudio(); });
      await alice.waitPicture('');
      await bob.waitMedia();
      await Promise.all([alice.close(), bob.close()]);
    }
  });
});

describe('a development server', () => {
  test('shows the examples that are built', async () => {
    const plain = await DuetServer.start({ args: ['--dev'] });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${plain.url}examples/`);
      assert.deepEqual(await page.locator('li a').allInnerTexts(), EXAMPLES);
      await page.screenshot({ path: join(shots, 'examples.png') });
      for (const example of EXAMPLES) {
        await page.goto(`${plain.url}examples/`);
        await page.getByText(example).click();
        await page.locator('.index__kind[data-kind="1v1"]').waitFor();
      }
    } finally {
      await context.close();
      assert.deepEqual(await plain.stop(), { code: 0, signal: null });
    }
  });
});

describe('a server that is stopped and started again', () => {
  test('finds the phone back in the call, with the picture as it was set', async () => {
    const data = mkdtempSync(join(tmpdir(), 'duet-test-'));
    let site = await startSite({ data, examples: ['uni-vue3'] });
    try {
      const bob = new Caller(browser, 'bob');
      const alice = new RoomPage(browser, 'uni-vue3', 'alice');
      people.push(bob, alice);
      await (await bob.open(site, PAIR)).join();
      await alice.open(site, { fillMode: 'none' });
      await alice.waitPhase('in');
      await alice.page.evaluate(() => window.trtcroom.setViewFillMode({ userID: 'bob', fillMode: 'fillCrop' }));
      await alice.waitPicture('bob');
      const { ports } = site;
      assert.deepEqual(await site.stop(), { code: 0, signal: null });
      await alice.waitPhase('reconnecting');
      site = await startSite({ data, ports, examples: ['uni-vue3'] });
      await alice.waitPhase('in');
      await bob.waitMedia(20_000);
      assert.equal((await alice.waitPicture('bob')).fit, 'cover');
    } finally {
      await site.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

describe('a signature for another environment', () => {
  test('is refused with the name of that environment', async () => {
    const data = mkdtempSync(join(tmpdir(), 'duet-test-'));
    const duet = (...args) => JSON.parse(execFileSync(duetProgram, [...args, '--data', data, '--json'], { encoding: 'utf8' }));
    const [pro, uat] = [duet('app', 'create', '--env', 'PRO'), duet('app', 'create', '--env', 'UAT')];
    const site = await startSite({ data, examples: ['uni-vue3'] });
    const olga = new RoomPage(browser, 'uni-vue3', 'olga');
    people.push(olga);
    try {
      const env = { ...process.env, DUET_SECRET_KEY: uat.secretKey };
      const userSig = execFileSync(duetProgram, ['sig', 'create', '--app', String(pro.sdkAppId), '--user', 'olga'], { encoding: 'utf8', env }).trim();
      await olga.open(site, { userSig, sdkAppID: String(pro.sdkAppId), cloudenv: 'PRO' });
      const notice = olga.page.locator('.trtc-room__notice');
      await notice.waitFor();
      assert.equal(await notice.getAttribute('data-code'), '-100018');
      assert.match(await notice.innerText(), /UAT/);
    } finally {
      await site.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
