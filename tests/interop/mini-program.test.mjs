// The mini program's trtc-room against the real server: two of them, and one with the call page in Chromium.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Caller, launchBrowser } from '../e2e/lib/browser.mjs';
import { DuetServer, until } from '../e2e/lib/server.mjs';
import { examine, isGreen, isRed } from './lib/ffmpeg.mjs';
import { miniPhone } from './lib/mini-phone.mjs';

let server;
let people = [];
before(async () => {
  server = await DuetServer.start();
});
after(async () => {
  await server?.stop();
});
afterEach(async () => {
  await Promise.all(people.map((person) => person.close()));
  people = [];
  await until('the rooms to end', async () => (await server.counts()).rooms === 0);
});

async function phone(userID, options) {
  const made = await miniPhone(server, userID, options);
  people.push(made);
  return made;
}

/** What the phone's player has got of late: about `kilobytes` more of it. */
async function seen({ player, userID }, kilobytes = 60) {
  const from = player.size;
  await until(`${userID}'s player to get more`, () => player.size > from + kilobytes * 1024, 30_000);
  return examine(Buffer.concat(player.bytes));
}

const plays = (who, user) => until(`${who.userID} to see ${user}`, () => who.wx.codes(`player/${user}`).includes(2032) && who.player?.size > 0, 30_000);

/** Two phones in a room, that see each other. */
async function pair(room) {
  const alice = await phone('alice', { color: 'red', tone: 1000 });
  const bob = await phone('bob', { color: 'lime', tone: 600 });
  await alice.call({ roomID: room });
  await bob.call({ roomID: room });
  await Promise.all([plays(alice, 'bob'), plays(bob, 'alice')]);
  return { alice, bob };
}

describe('two mini programs', () => {
  test('see and hear each other, and each is told of the other', async () => {
    const { alice, bob } = await pair(101);
    for (const [who, right, tone] of [[alice, isGreen, 600], [bob, isRed, 1000]]) {
      const { colors, tone: heard } = await seen(who);
      assert.ok(right(colors.at(-1)), `${who.userID} sees ${colors.at(-1)}`);
      assert.ok(Math.abs(heard - tone) <= 20, `${who.userID} hears ${heard} Hz`);
    }
    assert.deepEqual(alice.room.getRemoteUserList(), [{ userID: 'bob', hasMainVideo: true, hasMainAudio: true, hasAuxVideo: false, hasAuxAudio: false }]);
    assert.deepEqual(alice.errors(), []);
  });

  test('the third one in a pair is refused in words', async () => {
    await pair(102);
    const carol = await phone('carol');
    await assert.rejects(carol.enter({ roomID: 102 }), (error) => error.code === -3301 && error.message.length > 10);
    assert.equal(carol.state.phase, 'out');
  });

  test('in the background the other one is told paused; back with the same settings, new addresses, and pictures', async () => {
    const { alice, bob } = await pair(103);
    await alice.methods.setViewFillMode({ userID: 'bob', fillMode: 'contain' });
    const before = { player: alice.player, push: alice.state.pusher.url };
    alice.wx.hide();
    await until('bob to be told', () => bob.stream('alice').paused);
    assert.equal(alice.state.phase, 'suspended');
    await until('the app to be frozen', () => alice.wx.isFrozen, 10_000);
    alice.wx.show();
    await until('alice to be back', () => alice.state.phase === 'in');
    await until('a new player with a picture', () => alice.player !== before.player && alice.player.size > 0, 30_000);
    await until('a new push', () => alice.state.pusher.url !== before.push && alice.wx.isPushing);
    await until('bob to be told', () => !bob.stream('alice').paused);
    await until('bob to see alice again', () => bob.player.alive && bob.stream('alice').hasVideo, 20_000);
    const bobs = bob.player.size;
    await until('more of alice', () => bob.player.size > bobs + 20_000, 30_000);
    assert.equal(alice.stream('bob').objectFit, 'contain');
    assert.ok(!bob.names().includes('REMOTE_USER_LEAVE'));
    assert.ok(!alice.names().includes('LOCAL_LEAVE'));
  });

  test('a player that loses its connection starts with a fresh address', async () => {
    const { alice } = await pair(104);
    const first = alice.player;
    first.kill();
    await until('another player with a picture', () => alice.player !== first && alice.player.size > 0, 30_000);
    assert.notEqual(alice.player.url, first.url);
    await until('no word of reconnecting', () => !alice.stream('bob').reconnecting);
  });

  test('microphone and camera off and on are seen by the other one', async () => {
    const { alice, bob } = await pair(105);
    await alice.methods.unpublishLocalVideo();
    await until('no picture of alice', () => !bob.room.getRemoteUserList()[0].hasMainVideo);
    assert.ok(bob.room.getRemoteUserList()[0].hasMainAudio);
    await alice.methods.publishLocalVideo();
    await until('the picture again', () => bob.room.getRemoteUserList()[0].hasMainVideo, 20_000);
    await alice.methods.unpublishLocalAudio();
    await until('no sound of alice', () => !bob.room.getRemoteUserList()[0].hasMainAudio);
  });

  test('entering elsewhere under the same name ends the first, with the reason', async () => {
    const { alice, bob } = await pair(106);
    const again = await phone('alice');
    await again.enter({ roomID: 106 });
    await until('alice to be out', () => alice.state.phase === 'out');
    assert.deepEqual(alice.errors().map(({ code }) => code), [3004]);
    assert.equal(alice.wx.isPushing, false);
    assert.ok(bob.room.getRemoteUserList().some(({ userID }) => userID === 'alice'));
  });

  test('messages go both ways', async () => {
    const { alice, bob } = await pair(107);
    await alice.methods.sendGroupTextMessage({ message: 'hello 你好' });
    const heard = () => bob.heard.find(({ eventCode }) => eventCode === 'IM_MESSAGE_RECEIVED')?.data[0];
    await until('the message', heard);
    assert.deepEqual([heard().from, heard().payload], ['alice', { text: 'hello 你好' }]);
  });

  test('leaving while entering leaves nobody in the room', async () => {
    const alice = await phone('alice');
    const entering = alice.enter({ roomID: 108 });
    entering.catch(() => undefined);
    while (alice.wx.sockets.size === 0) await new Promise(setImmediate); // at once: the answer takes a few milliseconds
    await alice.room.exitRoom();
    await assert.rejects(entering, (error) => error.code === 0);
    await until('nobody', async () => (await server.counts()).members === 0);
  });
});

describe('a mini program and a browser', () => {
  test('see and hear each other', async () => {
    const browser = await launchBrowser();
    try {
      const page = new Caller(browser, 'pc');
      people.push(page);
      await page.open(server, { roomID: '110', template: '1v1' });
      await page.join();
      const alice = await phone('alice');
      await alice.call({ roomID: 110 });
      await page.waitMedia(40_000);
      await plays(alice, 'pc');
      const { colors, samples, errors } = await seen(alice);
      assert.ok(colors.length > 5, `${colors.length} pictures`);
      assert.ok(samples.length > 24_000, `${samples.length} samples`);
      assert.equal(errors, '');
      await page.at('hangup').click();
      await page.waitState('ended');
    } finally {
      await browser.close();
    }
  });
});
