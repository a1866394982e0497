// What pages, phones, plugs, networks and servers do to a call while it lasts. Nobody enters again by hand in any of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { Lab } from '../lib/lab.mjs';
import { longestGap } from '../lib/meter.mjs';
import { installPlugs } from '../lib/plugs-page.mjs';
import { DuetServer, root, until } from '../lib/server.mjs';

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
/** Pictures of the documentation are taken anew with DUET_PICTURES=1. */
const picturesTo = process.env.DUET_PICTURES ? join(root, 'docs/images') : join(root, 'build/test-logs');

describe('a call goes on', () => {
  let lab, data;
  afterEach(async () => {
    await lab?.close();
    lab = undefined;
    if (data) rmSync(data, { recursive: true, force: true });
    data = undefined;
  });

  const picture = (caller, name) => caller.page.screenshot({ path: join(picturesTo, `${name}.jpg`), type: 'jpeg', quality: 60 });
  /** How many there have been since the server began. */
  const mediaConnections = () => lab.server.output.match(/media connected/g).length;
  /** Every state that the page was in since the call began. */
  const watchStates = (caller) => caller.page.evaluate(() => {
    window.seenStates = [window.duetCall.state];
    setInterval(() => {
      if (window.seenStates.at(-1) !== window.duetCall.state) window.seenStates.push(window.duetCall.state);
    }, 20);
  });
  const states = (caller) => caller.page.evaluate(() => window.seenStates);
  async function assertMoving(since, seconds, people = lab.people) {
    const times = await lab.movingAgain(since, seconds, people);
    for (const [name, ms] of Object.entries(times)) assert.ok(ms !== null, `${name} got no moving picture within ${seconds} s`);
    return times;
  }

  test('a page that is hidden for 10 s, and shown again', async () => {
    lab = await Lab.open({ sleepy: true });
    await lab.call();
    for (const caller of lab.people) await watchStates(caller);
    await lab.alice.setHidden(true);
    const hidden = Date.now();
    await pause(10);
    // Out of sight is not out of the call: the other side has her picture all the time.
    assert.ok(longestGap(await lab.frames(lab.bob, hidden), hidden, Date.now()) < 2000);
    await lab.alice.setHidden(false);
    await assertMoving(Date.now(), 5);
    for (const caller of lab.people) assert.deepEqual(await states(caller), ['in-call']);
  });

  test('a page that the browser freezes for 10 s', async () => {
    lab = await Lab.open({ sleepy: true });
    await lab.call();
    await watchStates(lab.bob);
    await lab.alice.freeze();
    await pause(10);
    await lab.alice.thaw();
    await assertMoving(Date.now(), 5);
    assert.equal(await lab.alice.state(), 'in-call');
    assert.deepEqual(await states(lab.bob), ['in-call']);
  });

  test('camera and microphone are pulled out, and plugged in again', async () => {
    lab = await Lab.open();
    await lab.call({ init: [[installPlugs]] });
    const tile = lab.bob.at('remote-alice');
    await lab.alice.page.evaluate(() => window.plugs.pull('camera'));
    await lab.alice.at('problem-camera').waitFor();
    await until("alice's picture to go", async () => (await tile.locator('video:visible').count()) === 0);
    await lab.alice.page.evaluate(() => window.plugs.pull('microphone'));
    await lab.alice.at('problem-microphone').waitFor();
    await until('her mark of being silent', async () => (await tile.locator('.tile__muted').count()) > 0);

    const plugged = Date.now();
    await lab.alice.page.evaluate(() => { window.plugs.put('camera'); window.plugs.put('microphone'); });
    await assertMoving(plugged, 10, [lab.bob]);
    await until('her mark of being silent to go', async () => (await tile.locator('.tile__muted').count()) === 0);
    assert.equal(await lab.alice.at('problem-camera').count(), 0);
    assert.equal(await lab.alice.at('problem-microphone').count(), 0);
    await until('her voice', async () => (await lab.tones(lab.bob, Date.now() - 3000)).length > 0);
  });

  test('a phone that sleeps: 40 s without any packet, and everything looks as before', async () => {
    lab = await Lab.open({ sleepy: true });
    // Upright, as phones are: a picture that lies across shows how it was fitted.
    await lab.call({ viewport: { width: 360, height: 640 } });
    await lab.alice.chooseFillMode('contain');
    const before = await until('the whole picture', async () => { const p = await lab.alice.drawnPicture('bob'); return p.fit === 'contain' && p; });
    assert.ok(before.drawn[0] <= before.view[0] + 1 && before.drawn[1] < before.view[1], 'contain shows all of it');
    await picture(lab.alice, 'suspend-before');

    await lab.alice.freeze();
    const gone = await lab.relay.say('c1 both cut');
    await lab.bob.at('paused-banner').waitFor({ timeout: 38_000 });
    assert.equal(await lab.bob.at('paused-banner').getAttribute('data-user'), 'alice');
    await picture(lab.bob, 'suspend-paused');
    await pause(Math.max(0, 40 - (Date.now() - gone) / 1000));

    const back = await lab.relay.say('c1 both mend');
    await lab.alice.thaw();
    await lab.bob.at('paused-banner').waitFor({ state: 'detached', timeout: 15_000 });
    await assertMoving(back, 15);
    assert.equal(await lab.alice.at('fill-mode').getAttribute('data-mode'), 'contain');
    assert.deepEqual(await lab.alice.drawnPicture('bob'), before);
    await picture(lab.alice, 'suspend-after');
    assert.equal((await lab.server.counts()).members, 2);
  });

  test('a network that gives another address', async () => {
    lab = await Lab.open();
    await lab.call();
    for (const caller of lab.people) await watchStates(caller);
    const at = await lab.relay.say('c1 rebind');
    await assertMoving(at, 10);
    // Her signalling went dead with the former address; that is noticed later and mended without a word to the others.
    await until('signalling to be new', async () => (await states(lab.alice)).length === 3, 30_000);
    assert.deepEqual(await states(lab.alice), ['in-call', 'reconnecting', 'in-call']);
    assert.deepEqual(await states(lab.bob), ['in-call']);
    await assertMoving(Date.now(), 10);
    assert.equal((await lab.server.counts()).members, 2);
    assert.equal(mediaConnections(), 2, 'media went on as they were');
  });

  test('signalling that breaks off, and media go on', async () => {
    lab = await Lab.open();
    await lab.call();
    for (const caller of lab.people) await watchStates(caller);
    const at = await lab.relay.say('c1 reset');
    await until('signalling to be new', async () => (await states(lab.alice)).length === 3, 10_000);
    assert.deepEqual(await states(lab.alice), ['in-call', 'reconnecting', 'in-call']);
    await assertMoving(at, 10);
    assert.equal(mediaConnections(), 2, 'media went on as they were');
    await lab.alice.at('mute').click();
    const muted = lab.bob.at('remote-alice').locator('.tile__muted');
    await until('the mark of being silent', async () => (await muted.count()) > 0);
    await assertMoving(Date.now(), 10);
  });

  test('2 s without a network', async () => {
    lab = await Lab.open();
    await lab.call();
    await picture(lab.bob, 'outage-before');
    const back = (await lab.relay.say('c1 both outage 2')) + 2000;
    await assertMoving(back, 10);
    await picture(lab.bob, 'outage-after');
    for (const caller of lab.people) assert.equal(await caller.state(), 'in-call');
  });

  test('a server that is killed and started again', async () => {
    data = mkdtempSync(join(tmpdir(), 'duet-test-'));
    const server = await DuetServer.start({ data });
    lab = await Lab.open({ server });
    await lab.call();
    await lab.alice.chooseFillMode('contain');
    await lab.alice.at('mute').click();
    const muted = lab.bob.at('remote-alice').locator('.tile__muted');
    await until('the mark of being silent', async () => (await muted.count()) > 0);

    assert.deepEqual(await server.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
    for (const caller of lab.people) await caller.waitState('reconnecting');
    lab.server = await DuetServer.start({ data, ports: server.ports });
    const listening = Date.now();
    for (const caller of lab.people) await caller.waitState('in-call', 10_000);
    const times = await assertMoving(listening, 10);
    for (const [name, ms] of Object.entries(times)) assert.ok(ms <= 3000, `${name} was back after ${ms} ms`);
    assert.equal(await lab.alice.at('fill-mode').getAttribute('data-mode'), 'contain');
    assert.equal((await lab.alice.drawnPicture('bob')).fit, 'contain');
    await until('alice still to be silent', async () => (await muted.count()) > 0);
    assert.equal((await lab.server.counts()).members, 2);
  });
});
