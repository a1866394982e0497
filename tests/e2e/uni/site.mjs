// A server whose pages are the call page and the built examples, and what a test does on an example's room page.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuetServer, root, until } from '../lib/server.mjs';

export const EXAMPLES = ['uni-vue2', 'uni-vue3'];

const example = (name) => join(root, 'web/examples', name);

/** The time of the newest file below, without what is made. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  if (path.endsWith('src/uni_modules')) return 0; // put there by the build
  const skipped = new Set(['node_modules', 'dist']);
  return Math.max(0, ...readdirSync(path).filter((name) => !skipped.has(name)).map((name) => newest(join(path, name))));
}

/** All that the builds are made of, beside the projects themselves. */
const LIBRARY = ['sdk/src', 'uni/src', 'uni/build', 'uni/bin', 'uni/uni_modules', 'uni/vite.config.ts', 'uni/package.json'].map((path) => join(root, 'web', path));

function isFresh(output, sources) {
  return existsSync(output) && statSync(output).mtimeMs > Math.max(...sources.map(newest));
}

function run(command, args, cwd, env = {}) {
  try {
    execFileSync(command, args, { cwd, stdio: 'pipe', env: { ...process.env, NODE_ENV: '', ...env } });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} in ${cwd} failed:\n${error.stdout}\n${error.stderr}`);
  }
}

/** Builds what is older than its sources: the library, then the example for the platform. Gives the folder. */
export function built(name, platform = 'h5') {
  if (!isFresh(join(root, 'web/uni/dist/uni_modules/trtc-room/js_sdk/room.js'), LIBRARY)) run('npm', ['run', 'build', '-w', 'web/sdk', '-w', 'web/uni'], root);
  const folder = example(name);
  if (!existsSync(join(folder, 'node_modules'))) run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  const output = join(folder, 'dist/build', platform);
  if (!isFresh(join(output, platform === 'h5' ? 'index.html' : 'app.json'), [...LIBRARY, folder])) run('npm', ['run', `build:${platform}`], folder);
  return output;
}

/** A Vue 2 project without a toolchain of its own, built by the first example's. Gives the folder. */
export function builtProject(name) {
  built('uni-vue2');
  const project = join(root, 'tests/e2e/uni', name);
  const output = join(root, 'build/uni', name);
  if (!isFresh(join(output, 'index.html'), [...LIBRARY, project])) {
    run('npx', ['vue-cli-service', 'uni-build'], example('uni-vue2'), {
      NODE_ENV: 'production', UNI_PLATFORM: 'h5', UNI_INPUT_DIR: join(project, 'src'), UNI_OUTPUT_DIR: output,
    });
  }
  return output;
}

/** The server with the pages, to which `prepare` may add; stop() takes the folder away too. With `ports` and `data` of an earlier one it follows that one. */
export async function startSite({ data, ports, args = [], examples = EXAMPLES, prepare = () => {} } = {}) {
  const pages = mkdtempSync(join(tmpdir(), 'duet-pages-'));
  cpSync(join(root, 'web/call/dist'), pages, { recursive: true });
  for (const name of examples) cpSync(built(name), join(pages, 'examples', name), { recursive: true });
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

  async waitPhase(wanted, ms = 15_000) {
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
  async waitPicture(userID, ms = 15_000) {
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
