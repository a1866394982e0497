// Three rows of bench/quality, short, with limits that hold on a machine that does other things as well: what fails here is broken, not slow.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Lab } from '../lib/lab.mjs';
import { Meter } from '../lib/meter.mjs';
import { until } from '../lib/server.mjs';

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe('quality', () => {
  let lab;
  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  test('10 % random loss: pictures flow, sound has few gaps, and lips match it', async () => {
    lab = await Lab.open();
    await lab.call();
    await lab.relay.say('c1 both delay 20 loss 10');
    await pause(4);
    const meter = await Meter.start(lab);
    await pause(10);
    const { alice, bob } = await meter.finish();
    for (const [name, got] of Object.entries({ alice, bob })) {
      const said = `${name}: ${JSON.stringify(got)}`;
      assert.ok(got.longestGapMs < 1500, said);
      assert.ok(got.fps > 7, said);
      assert.ok(got.decodedPercent > 85, said);
      assert.ok(got.concealedPercent < 15, said);
      assert.ok(got.pictureDelayMs.p50 < 1000, said);
      assert.ok(got.soundBehindMs !== null && Math.abs(got.soundBehindMs) < 300, said);
    }
  });

  test('a path that becomes narrow is not overfilled, and is used when it is wide again', async () => {
    lab = await Lab.open();
    await lab.call();
    const network = (kbps) => lab.relay.say(`c1 both delay 20 queue 1000 rate ${kbps}`);
    await network(2000);
    await pause(5);
    await network(300);
    await pause(8);
    await lab.relay.measure();
    await pause(6);
    const narrow = lab.relay.stats.slice();
    const median = (seconds, read) => seconds.map(read).sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
    for (const side of ['up', 'down']) {
      assert.ok(median(narrow, ({ clients }) => clients[0][side].queueMs) < 400, `${side}: ${JSON.stringify(narrow.map(({ clients }) => clients[0][side]))}`);
    }
    await network(2000);
    const wide = (side) => median(lab.relay.stats.slice(-4), ({ clients }) => clients[0][side].bytes * 8) > 400_000;
    for (const side of ['up', 'down']) await until(`the wide path to be used again, ${side}`, () => wide(side), 60_000);
    const times = await lab.movingAgain(Date.now(), 5);
    assert.ok(times.alice && times.bob, JSON.stringify(times));
  });

  test('2 s without a network: the picture is back soon after it', async () => {
    lab = await Lab.open();
    await lab.call();
    await lab.relay.say('c1 both delay 20');
    const back = (await lab.relay.say('c1 both outage 2')) + 2000;
    await pause(2);
    const times = await lab.movingAgain(back, 10);
    for (const caller of lab.people) {
      assert.ok(times[caller.name] !== null && times[caller.name] < 5000, JSON.stringify(times));
      assert.equal(await caller.state(), 'in-call');
    }
  });
});
