// Networks that change while people talk: narrower and wider, gone and back, another address, a page out of sight.
import { Meter, longestGap, round } from '../../tests/e2e/lib/meter.mjs';
import { atLeast, atMost, pause, worst } from './check.mjs';

const latest = (times) => worst(Object.values(times), Math.max);

const states = async (lab) => Object.fromEntries(await Promise.all(lab.people.map(async (caller) => [caller.name, await caller.state()])));
const stillIn = (lab, seen) => ({ what: 'both are in the call, nobody entered again', measured: Object.values(seen).join(', '), unit: '', required: 'in-call', ok: Object.values(seen).every((s) => s === 'in-call') });

/** kbit/s of all that passed between two times and the longest queue in it, out of the relay's counts of the narrow link. */
function rates(seconds, from, to) {
  const within = seconds.filter(({ at }) => at > from && at <= to);
  const kbps = (side) => round(within.reduce((sum, { clients }) => sum + clients[0][side].bytes, 0) * 8 / 1000 / Math.max(1, within.length));
  const queueMs = (side) => Math.max(0, ...within.map(({ clients }) => clients[0][side].queueMs));
  return { up: { kbps: kbps('up'), queueMs: queueMs('up') }, down: { kbps: kbps('down'), queueMs: queueMs('down') } };
}

const bandwidth = {
  name: 'bandwidth',
  title: '2 Mbit/s -> 300 kbit/s -> 2 Mbit/s, 40 ms RTT, 1 s of queue',
  seconds: 60,
  async run({ lab, who, seconds }) {
    const part = seconds / 3;
    const network = (kbps) => lab.relay.say(`${who} both delay 20 queue 1000 rate ${kbps}`);
    await lab.call();
    await network(2000);
    await lab.relay.measure();
    const begin = Date.now();
    await pause(Math.max(part, 20)); // to the full rate, or there is nothing to come back to
    const dropped = await network(300);
    const meter = await Meter.start(lab);
    await pause(part);
    const narrow = await meter.finish();
    const returned = await network(2000);
    await pause(Math.max(part, 16));
    const counts = lab.relay.stats;
    const figures = {
      wide: rates(counts, Math.max(begin, dropped - 8000), dropped),
      firstThreeSeconds: rates(counts, dropped, dropped + 3500),
      narrow: rates(counts, dropped + 3500, returned),
      again: rates(counts, returned + 10_000, returned + 16_000),
      picture: { alice: narrow.alice, bob: narrow.bob },
      cpu: narrow.cpu,
    };
    const share = (side) => round(100 * Math.min(2, figures.again[side].kbps / Math.max(1, figures.wide[side].kbps)));
    figures.shareAgain = { up: share('up'), down: share('down') };
    return {
      figures,
      checks: [
        atLeast('rate before the drop', Math.min(figures.wide.up.kbps, figures.wide.down.kbps), null, 'kbit/s'),
        atMost('longest queue from 3 s after the drop', Math.max(figures.narrow.up.queueMs, figures.narrow.down.queueMs), 400, 'ms'),
        atLeast('picture goes on meanwhile', Math.min(narrow.alice.fps, narrow.bob.fps), null, 'fps'),
        atLeast('rate from 10 s after the return, of the former', Math.min(figures.shareAgain.up, figures.shareAgain.down), 80, '%'),
      ],
    };
  },
};

function shortOutage(repeats = 3) {
  return {
    name: 'outage-2',
    title: `2 s outage (worst of ${repeats}), 40 ms RTT`,
    seconds: 10 * repeats,
    async run({ lab, who }) {
      await lab.call();
      await lab.relay.say(`${who} both delay 20`);
      const times = [];
      for (let i = 0; i < repeats; i++) {
        await pause(5);
        const back = (await lab.relay.say(`${who} both outage 2`)) + 2000;
        await pause(2);
        times.push(await lab.movingAgain(back, 20));
      }
      const seen = await states(lab);
      return { figures: { times }, checks: [atMost('picture moves again after', worst(times.map(latest), Math.max), 1000, 'ms'), stillIn(lab, seen)] };
    },
  };
}

const longOutage = {
  name: 'outage-30',
  title: '30 s outage of media and signalling, 40 ms RTT',
  seconds: 30,
  async run({ lab, who, seconds }) {
    await lab.call();
    await lab.relay.say(`${who} both delay 20`);
    await pause(5);
    const back = (await lab.relay.say(`${who} both outage ${seconds}`)) + seconds * 1000;
    await pause(seconds);
    const times = await lab.movingAgain(back, 40);
    const seen = await states(lab);
    return { figures: { times }, checks: [atMost('picture moves again after', latest(times), 2000, 'ms'), stillIn(lab, seen)] };
  },
};

const addressChange = {
  name: 'rebind',
  title: 'address change (NAT rebinding; the former TCP connections are dead), 40 ms RTT',
  seconds: 40,
  async run({ lab, who, seconds }) {
    await lab.call();
    await lab.relay.say(`${who} both delay 20`);
    await pause(5);
    const at = await lab.relay.say(`${who === 'all' ? '' : who} rebind`);
    const times = await lab.movingAgain(at + 100, 20);
    await pause(seconds); // signalling notices later, and must not disturb the picture
    const to = Date.now();
    const gaps = {};
    for (const caller of lab.people) gaps[caller.name] = round(longestGap(await lab.frames(caller, at - 1000), at, to));
    await Promise.all(lab.people.map((caller) => caller.waitState('in-call', 15_000).catch(() => undefined)));
    const seen = await states(lab);
    return { figures: { times, gaps }, checks: [atMost('picture moves again after', latest(times), 2000, 'ms'), atMost('longest time without a new frame', worst(Object.values(gaps), Math.max), 2000, 'ms'), stillIn(lab, seen)] };
  },
};

const hidden = {
  name: 'hidden',
  sleepy: true,
  title: 'page hidden 60 s on a PC',
  seconds: 60,
  async run({ lab, seconds }) {
    await lab.call();
    await lab.alice.setHidden(true);
    const from = Date.now();
    await pause(seconds);
    const gapMs = round(longestGap(await lab.frames(lab.bob, from), from, Date.now()));
    await lab.alice.setHidden(false);
    const times = await lab.movingAgain(Date.now(), 20);
    return {
      figures: { gapMs, times },
      checks: [
        atMost('far side still sees them: longest time without a new frame', gapMs, 2000, 'ms'),
        atMost('picture moves again after', latest(times), 1000, 'ms'),
        stillIn(lab, await states(lab)),
      ],
    };
  },
};

const suspended = {
  name: 'suspend',
  sleepy: true,
  title: 'phone suspended 60 s: page frozen, sockets closed by the system, no packets',
  seconds: 60,
  async run({ lab, seconds }) {
    await lab.call();
    await lab.relay.say('c1 both delay 20');
    await lab.alice.chooseFillMode('contain');
    const before = await lab.alice.drawnPicture('bob');
    await lab.alice.freeze();
    const gone = await lab.relay.say('c1 both cut');
    await lab.relay.say('c1 reset');
    await lab.bob.at('paused-banner').waitFor({ timeout: 20_000 });
    const told = Date.now() - gone;
    await pause(seconds);
    const back = await lab.relay.say('c1 both mend');
    await lab.alice.thaw();
    const times = await lab.movingAgain(back, 30);
    const after = await lab.alice.drawnPicture('bob');
    const same = JSON.stringify(before) === JSON.stringify(after);
    return {
      figures: { told, times, before, after },
      checks: [
        atMost('far side is told after', told, 1000, 'ms'),
        atMost('picture moves again after', latest(times), 1000, 'ms'),
        { what: 'view settings', measured: same ? 'the same' : `${JSON.stringify(before)} -> ${JSON.stringify(after)}`, unit: '', required: 'the same', ok: same },
      ],
    };
  },
};

export const changingRows = [bandwidth, shortOutage(), longOutage, addressChange, hidden, suspended];
