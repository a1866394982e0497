// Conditions that stay as they are for the whole measurement.
import { Meter } from '../../tests/e2e/lib/meter.mjs';
import { atLeast, atMost, pause, worst } from './check.mjs';

/** Media packets need some time to get used to a network. */
const SETTLE_SECONDS = 6;

/** A row under constant `conditions`; `checks` makes [check] of the figures of both people. */
function steady(name, title, conditions, checks) {
  return {
    name,
    title,
    seconds: 60,
    async run({ lab, who, seconds }) {
      await lab.call();
      if (conditions) await lab.relay.say(`${who} both ${conditions}`);
      await pause(SETTLE_SECONDS);
      const meter = await Meter.start(lab);
      await pause(seconds);
      const figures = await meter.finish();
      return { figures, checks: checks(figures) };
    },
  };
}

const both = (figures, read) => worst([read(figures.alice), read(figures.bob)], Math.max);
const least = (figures, read) => worst([read(figures.alice), read(figures.bob)], Math.min);
const gap = (limit) => (f) => atMost('longest time without a new frame', both(f, (x) => x.longestGapMs), limit, 'ms');
const decoded = (limit) => (f) => atLeast('frames shown of those sent', least(f, (x) => x.decodedPercent), limit, '%');
const fps = (limit) => (f) => atLeast('frames shown per second', least(f, (x) => x.fps), limit, 'fps');
const concealed = (limit) => (f) => atMost('sound made up', both(f, (x) => x.concealedPercent), limit, '%');
const pictureDelay = (limit) => (f) => atMost('picture, end to end (median)', both(f, (x) => x.pictureDelayMs.p50), limit, 'ms');
const soundDelay = (limit) => (f) => atMost('sound, end to end (median)', both(f, (x) => x.soundDelayMs.p50), limit, 'ms');
const all = (...checks) => (figures) => checks.map((check) => check(figures));

export const steadyRows = [
  steady('baseline', 'no impairment', '', all(pictureDelay(null), soundDelay(null), gap(null), decoded(null), fps(null), concealed(null))),
  steady('rtt-100', '100 ms RTT', 'delay 50', all(pictureDelay(300), soundDelay(250))),
  steady('loss-10', '10 % random loss, 40 ms RTT', 'delay 20 loss 10', all(gap(400), decoded(95), concealed(1))),
  steady('loss-30', '30 % random loss, 40 ms RTT', 'delay 20 loss 30', all(fps(10), concealed(5))),
  steady('loss-50', '50 % random loss, 40 ms RTT', 'delay 20 loss 50', all(fps(5), concealed(12))),
  steady('loss-70', '70 % random loss, 40 ms RTT', 'delay 20 loss 70', all(concealed(30))),
  steady('jitter-100', 'jitter 100 ms, 5 % reordered, 40 ms RTT', 'delay 20 jitter 100 reorder 5', all(gap(500))),
];
