// A call through the real page: two people see and hear each other, and everything that a person does in a call.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Caller, launchBrowser } from '../lib/browser.mjs';
import { DuetServer, until } from '../lib/server.mjs';

// Slots that the socket's receive batch keeps for what comes next.
const RECEIVE_BATCH = 64;
const ROOM = { roomID: '1234', template: '1v1' };

describe('a call', () => {
  let server, browser, callers = [];
  before(async () => {
    server = await DuetServer.start();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(await server?.stop(), { code: 0, signal: null });
  });
  afterEach(async () => {
    await Promise.all(callers.map((caller) => caller.close()));
    callers = [];
  });

  async function person(name, params = ROOM, options = {}) {
    const caller = new Caller(browser, name);
    callers.push(caller);
    return caller.open(server, params, options);
  }
  async function call(options = {}) {
    const [alice, bob] = [await person('alice', ROOM, options), await person('bob', ROOM, options)];
    await alice.join();
    await bob.join();
    await Promise.all([alice.waitMedia(), bob.waitMedia()]);
    return [alice, bob];
  }

  test('two people see and hear each other', async () => {
    const [alice, bob] = await call();
    for (const caller of [alice, bob]) {
      const stats = await until('sound', async () => { const s = await caller.stats(); return s.audio_level > 0.001 && s; });
      assert.match(stats.srtp_cipher, /AEAD_AES_128_GCM/);
      assert.match(stats.codec, /H264/i);
      assert.equal(stats.width / stats.height, 640 / 480);
    }
  });

  test('a third person is refused, in words', async () => {
    await call();
    const carol = await person('carol');
    await carol.at('join-button').click();
    const error = carol.at('error');
    await error.waitFor();
    assert.equal(await error.getAttribute('data-cause'), 'room_full');
    assert.match(await error.innerText(), /full/i);
    assert.equal(await carol.state(), 'idle');
  });

  test('bad, expired and foreign signatures are refused, each by its name', async () => {
    const good = await server.userSig('dave');
    const expired = await server.userSig('dave', 1);
    const someoneElse = await server.userSig('erin');
    const expiry = Date.now() + 2000;
    const altered = good.userSig.slice(0, 20) + (good.userSig[20] === 'A' ? 'B' : 'A') + good.userSig.slice(21);
    await until('the short signature to expire', () => Date.now() > expiry);
    const table = [
      [expired.userSig, 'sig_expired'],
      [someoneElse.userSig, 'sig_wrong_user'],
      ['not a signature', 'sig_malformed'],
      [altered, /^sig_(malformed|bad_signature|wrong_user|wrong_app)$/],
    ];
    for (const [userSig, cause] of table) {
      const dave = await person('dave', { ...ROOM, userSig, sdkAppID: String(good.sdkAppId) });
      await dave.at('join-button').click();
      await dave.at('error').waitFor();
      const seen = await dave.at('error').getAttribute('data-cause');
      if (cause instanceof RegExp) assert.match(seen, cause);
      else assert.equal(seen, cause);
      await dave.close();
    }
  });

  test('mute and camera off are seen by the other side, and undone', async () => {
    const [alice, bob] = await call();
    const tile = bob.at('remote-alice');
    const silent = async () => { const a = await bob.stats(); return a.audio_packets; };
    await alice.at('mute').click();
    await until("bob's page to show that alice is muted", async () => (await tile.locator('.tile__muted').count()) > 0);
    await alice.at('mute').click();
    await until('the mark to go', async () => (await tile.locator('.tile__muted').count()) === 0);
    await until('sound to come again', async () => { const n = await silent(); await bob.page.waitForTimeout(100); return (await silent()) > n; });
    await alice.at('camera').click();
    await until('the picture to go', async () => (await tile.locator('video:visible').count()) === 0);
    await alice.at('camera').click();
    await until('the picture to be back', async () => (await tile.locator('video:visible').count()) > 0);
    await bob.waitMedia();
  });

  test('the fill mode changes the rectangle of the picture', async () => {
    const [alice] = await call({ viewport: { width: 420, height: 800 } });
    const picture = () => alice.at('remote-bob').locator('video').evaluate((video) => {
      const box = video.getBoundingClientRect();
      const fit = getComputedStyle(video).objectFit;
      const [vw, vh] = [video.videoWidth, video.videoHeight];
      const scale = fit === 'contain' ? Math.min(box.width / vw, box.height / vh) : Math.max(box.width / vw, box.height / vh);
      return { fit, box: [box.width, box.height], drawn: [vw * scale, vh * scale].map(Math.round) };
    });
    const seen = new Map();
    const fits = { auto: 'contain', contain: 'contain', cover: 'cover' }; // a landscape picture in a portrait view
    for (const mode of ['auto', 'contain', 'cover']) {
      await until(`the mode ${mode}`, async () => (await alice.at('fill-mode').getAttribute('data-mode')) === mode);
      seen.set(mode, await until(`the picture to be drawn as ${mode}`, async () => { const p = await picture(); return p.fit === fits[mode] && p; }));
      await alice.page.screenshot({ path: `build/test-logs/fill-${mode}.png` });
      await alice.at('fill-mode').click();
    }
    const [contain, cover] = [seen.get('contain'), seen.get('cover')];
    assert.deepEqual(seen.get('auto').drawn, contain.drawn);
    assert.ok(contain.drawn[0] <= contain.box[0] + 1 && contain.drawn[1] <= contain.box[1] + 1, 'contain shows all of it');
    assert.ok(cover.drawn[0] > cover.box[0] + 1 || cover.drawn[1] > cover.box[1] + 1, 'cover crops it');
  });

  test('a message reaches the other side', async () => {
    const [alice, bob] = await call();
    await alice.at('chat-toggle').click();
    await alice.at('chat-input').fill('hello 你好');
    await alice.at('chat-send').click();
    await bob.at('chat-toggle').click();
    await bob.at('chat-list').getByText('hello 你好').waitFor();
  });

  test('hang up, and enter again', async () => {
    const [alice, bob] = await call();
    await bob.at('hangup').click();
    await bob.waitState('ended');
    await alice.at('waiting').waitFor();
    await bob.at('enter-again').click();
    await bob.waitState('in-call');
    await Promise.all([alice.waitMedia(), bob.waitMedia()]);
  });

  test('a page that is reloaded comes back into the call', async () => {
    const [alice, bob] = await call();
    await bob.page.reload();
    await bob.at('join-button').waitFor();
    await bob.join();
    await bob.waitMedia();
    await alice.waitMedia();
    assert.equal((await server.counts()).members, 2);
  });

  test('a page that goes without a word is noticed by the other side', async () => {
    const alice = await person('alice');
    await alice.join();
    const other = await launchBrowser();
    try {
      const bob = await new Caller(other, 'bob').open(server, ROOM);
      await bob.join();
      await alice.waitMedia();
      // The whole browser is killed: no unload handler, no goodbye.
      const session = await other.newBrowserCDPSession();
      session.send('Browser.crash').catch(() => {});
      await alice.at('paused-banner').waitFor({ timeout: 10_000 });
      assert.equal(await alice.at('paused-banner').getAttribute('data-user'), 'bob');
    } finally {
      await other.close().catch(() => {});
    }
  });
});

describe('the server goes and comes back', () => {
  let server, browser;
  before(async () => { browser = await launchBrowser(); });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('the pages say so, and the call goes on by itself', async () => {
    const { mkdtempSync } = await import('node:fs');
    const data = mkdtempSync('/tmp/duet-test-');
    server = await DuetServer.start({ data });
    const { ports } = server;
    const [alice, bob] = [new Caller(browser, 'alice'), new Caller(browser, 'bob')];
    for (const caller of [alice, bob]) await (await caller.open(server, ROOM)).join();
    await Promise.all([alice.waitMedia(), bob.waitMedia()]);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    for (const caller of [alice, bob]) {
      await caller.at('reconnecting-banner').waitFor();
      assert.equal(await caller.state(), 'reconnecting');
    }
    server = await DuetServer.start({ data, ports });
    for (const caller of [alice, bob]) await caller.waitState('in-call', 20_000);
    await Promise.all([alice.waitMedia(20_000), bob.waitMedia(20_000)]);
  });
});

describe('nothing is left behind', () => {
  test('50 rounds of entering and leaving', async () => {
    const server = await DuetServer.start();
    const browser = await launchBrowser();
    try {
      const bob = await new Caller(browser, 'bob').open(server, ROOM);
      await bob.join();
      for (let round = 0; round < 50; round++) {
        await bob.at('hangup').click();
        await bob.waitState('ended');
        await bob.at('enter-again').click();
        await bob.waitState('in-call');
      }
      await bob.at('hangup').click();
      await bob.waitState('ended');
      const counts = await until('the server to be empty', async () => {
        const c = await server.counts();
        return c.members === 0 && c.rooms === 0 && c.mediaRooms === 0 && c.peers === 0 && c.packetsInUse <= RECEIVE_BATCH && c;
      });
      assert.equal(counts.addresses, 0);
      assert.equal(counts.uptracks, 0);
      assert.equal(counts.downtracks, 0);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
