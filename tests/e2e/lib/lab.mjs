// Two people in a call over networks of the relay's, and everything that can be measured there.
import { Caller, SleepyBrowser, launchBrowser } from './browser.mjs';
import { Relay } from './relay.mjs';
import { CLOCK, installRig } from './rig-page.mjs';
import { DuetServer, until } from './server.mjs';

/** Small, so that the encoders of two people on two shared cores are not what limits the picture. */
export const CAMERA = { width: 480, height: 360, fps: 15 };
const VIEWPORT = { width: 480, height: 520 };
/** So many new frames within MOVING_MS are a moving picture and not one that came late. */
const MOVING_FRAMES = 8;
const MOVING_MS = 1500;

export class Lab {
  /**
   * `ownDevices`: camera and microphone of the rig, with clocks; without: the browser's fake ones. `sleepy`: Alice's page can be hidden and
   * frozen. `server`: one that runs already.
   */
  static async open({ seed = 1, serverArgs = [], ownDevices = true, sleepy = false, server = undefined } = {}) {
    const lab = new Lab();
    lab.ownDevices = ownDevices;
    try {
      lab.server = server ?? (await DuetServer.start({ args: serverArgs }));
      lab.relay = await Relay.start(lab.server.ports, { clients: 2, seed });
      lab.browser = await launchBrowser();
      lab.sleepy = sleepy ? await SleepyBrowser.launch() : undefined;
      lab.alice = new Caller(lab.sleepy ?? lab.browser, 'alice');
      lab.bob = new Caller(lab.browser, 'bob');
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  get people() { return [this.alice, this.bob]; }
  other(caller) { return caller === this.alice ? this.bob : this.alice; }
  /** As the relay's commands call this person. */
  name(caller) { return `c${this.people.indexOf(caller) + 1}`; }

  /** Both enter the room and see and hear each other. */
  async call(options = {}) {
    for (const [index, caller] of this.people.entries()) {
      const rig = { mediaPort: this.relay.mediaPort(index), camera: CAMERA, clock: CLOCK, ownDevices: this.ownDevices };
      const door = { url: this.relay.url(index) };
      await caller.open(door, { roomID: '1234', template: '1v1' }, { viewport: VIEWPORT, ...options, context: { bypassCSP: true, ...options.context }, init: [[installRig, rig], ...(options.init ?? [])] });
    }
    for (const caller of this.people) await caller.join();
    await Promise.all(this.people.map((caller) => caller.waitMedia(30_000)));
  }

  /** Frames that `caller` was shown since `from` (Unix ms): {at, delay, frame, width, height}. */
  async frames(caller, from = 0) {
    const rows = await caller.page.evaluate((since) => window.rig.frames.filter(([at]) => at >= since), from);
    return rows.map(([at, delay, frame, width, height]) => ({ at, delay, frame, width, height }));
  }

  async tones(caller, from = 0) {
    return (await caller.page.evaluate((since) => window.rig.tones.filter(([at]) => at >= since), from)).map(([at, delay]) => ({ at, delay }));
  }

  /**
   * Milliseconds from `since` (Unix ms) until the picture that each of `people` gets moves again, by name: the first of
   * MOVING_FRAMES frames that were drawn after `since`. null when that does not happen within `seconds`.
   */
  async movingAgain(since, seconds, people = this.people) {
    const one = async (caller) => {
      try {
        return await until(`${caller.name}'s picture to move`, async () => {
          const fresh = (await this.frames(caller, since)).filter((f) => f.delay !== null && f.at - f.delay >= since);
          const first = fresh.find((f, i) => i + MOVING_FRAMES <= fresh.length && fresh[i + MOVING_FRAMES - 1].at - f.at < MOVING_MS);
          return first && Math.max(1, Math.round(first.at - since));
        }, seconds * 1000);
      } catch {
        return null;
      }
    };
    return Object.fromEntries(await Promise.all(people.map(async (caller) => [caller.name, await one(caller)])));
  }

  rigStats(caller) { return caller.page.evaluate(() => window.rig.stats()); }

  /** All of it, whatever one of them says: what is left would keep the test's process from ending. */
  async close() {
    const ended = await Promise.allSettled([this.browser?.close(), this.sleepy?.close(), this.relay?.stop()]);
    const result = await this.server?.stop();
    for (const { status, reason } of ended) if (status === 'rejected') throw reason;
    return result;
  }
}
