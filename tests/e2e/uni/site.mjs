// A server whose pages are the call page and the built examples, and what a test does on an example's room page.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, buildProject, EXAMPLES } from '../../../web/examples/build.mjs';
import { DuetServer, PATIENCE_MS, root, until } from '../lib/server.mjs';

export { EXAMPLES };

/** Builds one of this folder's Vue 2 projects; gives the folder of the result. */
export function builtProject(name) {
  return buildProject(join(root, 'tests/e2e/uni', name), join(root, 'build/uni', name));
}

/** The server with the pages, to which `prepare` may add; stop() takes the folder away too. With `ports` and `data` of an earlier one it follows that one. */
export async function startSite({ data, ports, args = [], examples = EXAMPLES, prepare = () => {} } = {}) {
  const pages = mkdtempSync(join(tmpdir(), 'duet-pages-'));
  cpSync(join(root, 'web/call/dist'), pages, { recursive: true });
  for (const name of examples) cpSync(await build(name), join(pages, 'examples', name), { recursive: true });
  prepare(pages);
  const server = await DuetServer.start({ data, ports, args: ['--pages', pages, ...args] });
  const stop = server.stop.bind(server);
  server.stop = async (signal) => {
    const end = await stop(signal);
    rmSync(pages, { recursive: true, force: true });
    return end;
  };
  return server;
}

/** A phone held upright. */
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** One person at the room page of an example. */
export class RoomPage {
  constructor(browser, example, name) {
    this.browser = browser;
    this.example = example;
    this.name = name;
    this.log = [];
  }

  async open(server, params = {}, context = PHONE) {
    this.server = server;
    this.context = await this.browser.newContext({ locale: 'en-US', permissions: ['camera', 'microphone'], ...context });
    this.context.setDefaultTimeout(PATIENCE_MS);
    this.page = await this.context.newPage();
    this.page.on('console', (message) => this.log.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', (error) => this.log.push(`page error: ${error.stack ?? error}`));
    // Devices that were opened, for tests that ask whether one was left on.
    await this.page.addInitScript(() => {
      window.openedTracks = [];
      const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        const stream = await original(constraints);
        window.openedTracks.push(...stream.getTracks());
        return stream;
      };
    });
    await this.goto(params);
    return this;
  }

  async goto(params) {
    const query = new URLSearchParams({ userID: this.name, roomID: '1234', template: '1v1', cloudenv: 'PRO', debugMode: 'false', ...params });
    await this.page.goto(`${this.server.url}examples/${this.example}/index.html#/pages/room/room?${query}`);
  }

  async waitPhase(wanted, ms = PATIENCE_MS) {
    let seen;
    try {
      await until(`${this.name} to be ${wanted}`, async () => (seen = await this.page.locator('.trtc-room').getAttribute('data-phase')) === wanted, ms);
    } catch (error) {
      throw new Error(`${error.message}; it is ${seen}\n${this.log.slice(-30).join('\n')}`);
    }
    return this;
  }

  /** The picture of a user, '' = the own one: how it is fitted, its box, and the rectangle that is drawn. */
  picture(userID) {
    return this.page.evaluate((id) => {
      const video = document.querySelector(`.trtc-room__tile[data-user="${id}"] video`);
      if (!video || video.videoWidth === 0) return null;
      const box = video.getBoundingClientRect();
      const fit = getComputedStyle(video).objectFit;
      const [vw, vh] = [video.videoWidth, video.videoHeight];
      const scale = fit === 'contain' ? Math.min(box.width / vw, box.height / vh) : Math.max(box.width / vw, box.height / vh);
      return { fit, box: [box.width, box.height], size: [vw, vh], drawn: [vw * scale, vh * scale], time: video.currentTime };
    }, userID);
  }

  /** Waits until a picture is there and moves. */
  async waitPicture(userID, ms = PATIENCE_MS) {
    try {
      const first = await until(`${this.name} to see ${userID || 'the own picture'}`, () => this.picture(userID), ms);
      return await until(`${this.name} to see ${userID || 'the own picture'} move`, async () => {
        const now = await this.picture(userID);
        return now && now.time !== first.time && now;
      }, ms);
    } catch (error) {
      throw new Error(`${error.message}\n${this.log.slice(-30).join('\n')}`);
    }
  }

  press(name) { return this.page.locator(`.trtc-room__button--${name}`).click(); }

  /** How many devices are on. */
  devicesOn() { return this.page.evaluate(() => window.openedTracks.filter((track) => track.readyState === 'live').length); }

  async close() { await this.context?.close(); }
}
