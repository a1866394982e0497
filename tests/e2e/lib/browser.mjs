// Headless Chromium with fake devices, and what a test does on the call page.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, until } from './server.mjs';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
];

const program = () => process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Without `fakeConsent` cameras and microphones are given as the permissions say; nobody answers a question. */
export function launchBrowser({ args = [], fakeDevices = true, fakeConsent = true } = {}) {
  const chosen = ARGS.filter((arg) => (fakeDevices || !arg.includes('fake-device')) && (fakeConsent || !arg.includes('fake-ui')));
  return chromium.launch({ executablePath: program(), headless: true, args: [...chosen, ...args] });
}

/** A folder of a process that may still be ending. One that cannot be removed is left to the system, and is nobody's failure. */
async function removed(folder) {
  for (let tries = 0; tries < 50; tries++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/**
 * A browser for one person whose pages can be hidden and frozen as in real life: Playwright's own are kept visible, awake and focused.
 * Has what a Caller needs of a Browser.
 */
export class SleepyBrowser {
  static async launch() {
    const sleepy = new SleepyBrowser();
    sleepy.profile = mkdtempSync(join(tmpdir(), 'duet-browser-'));
    const args = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${sleepy.profile}`, '--lang=en-US', ...ARGS, 'about:blank'];
    sleepy.process = spawn(program(), args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    sleepy.exited = new Promise((resolve) => sleepy.process.on('exit', resolve));
    let said = '';
    sleepy.process.stderr.on('data', (text) => (said = (said + text).slice(-4000)));
    const address = await until('the browser to listen', () => /DevTools listening on (\S+)/.exec(said)?.[1]);
    sleepy.browser = await chromium.connectOverCDP(address, { noDefaults: true });
    return sleepy;
  }

  /** There is one, the browser's own; it ends with the browser. */
  async newContext({ viewport, bypassCSP }) {
    const [context] = this.browser.contexts();
    return {
      addInitScript: (...script) => context.addInitScript(...script),
      newCDPSession: (page) => context.newCDPSession(page),
      close: async () => undefined,
      newPage: async () => {
        const page = await context.newPage();
        await page.setViewportSize(viewport);
        // The session must stay: what it has set ends with it.
        const session = await context.newCDPSession(page);
        if (bypassCSP) await session.send('Page.setBypassCSP', { enabled: true });
        return page;
      },
    };
  }

  async close() {
    await this.browser?.close().catch(() => undefined);
    try {
      process.kill(-this.process.pid, 'SIGKILL'); // the whole group: children that outlive it would write into its folder
    } catch {
      // It is gone.
    }
    await this.exited;
    await removed(this.profile);
  }
}

/** One person at the call page. */
export class Caller {
  constructor(browser, name) {
    this.browser = browser;
    this.name = name;
    this.log = [];
  }

  /** Opens the page; `params` go into the URL. `init`: [function, argument] pairs to run in it before its own scripts. */
  async open(server, params = {}, { viewport = { width: 960, height: 640 }, secure = false, context = {}, init = [] } = {}) {
    this.context = await this.browser.newContext({ viewport, locale: 'en-US', permissions: ['camera', 'microphone'], ignoreHTTPSErrors: secure, ...context });
    this.context.setDefaultTimeout?.(PATIENCE_MS);
    for (const [script, argument] of init) await this.context.addInitScript(script, argument);
    this.page = await this.context.newPage();
    this.page.on('console', (message) => this.log.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', (error) => this.log.push(`page error: ${error.stack ?? error}`));
    const url = new URL(secure ? server.secureUrl : server.url);
    for (const [key, value] of Object.entries({ userID: this.name, ...params })) url.searchParams.set(key, value);
    await this.page.goto(url.href);
    await this.at('join-button').waitFor();
    return this;
  }

  at(testId) { return this.page.getByTestId(testId); }

  state() { return this.page.evaluate(() => window.duetCall?.state); }
  marks() { return this.page.evaluate(() => window.duetCall?.marks); }
  stats() { return this.page.evaluate(() => window.duetCall?.stats()); }

  async join() {
    await this.at('join-button').click();
    await this.waitState('in-call');
    return this;
  }

  async waitState(wanted, ms = PATIENCE_MS) {
    let seen;
    try {
      await until(`${this.name} to be ${wanted}`, async () => (seen = await this.state()) === wanted, ms);
    } catch (error) {
      throw new Error(`${error.message}; it is ${seen}\n${this.log.slice(-20).join('\n')}`);
    }
  }

  /** Waits until the remote picture moves and sound comes in: decoded frames and audio packets rise. */
  async waitMedia(ms = PATIENCE_MS) {
    const first = await until(`${this.name}'s first picture`, async () => { const s = await this.stats(); return s.frames_decoded > 0 && s.audio_packets > 0 && s; }, ms);
    return until(`${this.name}'s moving picture and sound`, async () => {
      const s = await this.stats();
      return s.frames_decoded > first.frames_decoded + 5 && s.audio_packets > first.audio_packets + 10 && s;
    }, ms);
  }


  /** As when another tab is shown, or the screen is switched off. Only in a SleepyBrowser. */
  async setHidden(hidden) {
    this.session ??= await this.context.newCDPSession(this.page);
    const { windowId } = await this.session.send('Browser.getWindowForTarget');
    await this.session.send('Browser.setWindowBounds', { windowId, bounds: { windowState: hidden ? 'minimized' : 'normal' } });
    await until(`the page to be ${hidden ? 'hidden' : 'visible'}`, async () => (await this.page.evaluate(() => document.hidden)) === hidden);
  }

  /** Hidden, and after that without timers and events, as browsers and phones do it to pages that are long out of sight. */
  async freeze() {
    await this.setHidden(true);
    await this.page.evaluate(() => document.addEventListener('freeze', () => (window.wasFrozen = true)));
    await this.session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await until('the page to be frozen', () => this.page.evaluate(() => window.wasFrozen));
  }

  /** The end of freeze(). */
  async thaw() {
    await this.session.send('Page.setWebLifecycleState', { state: 'active' });
    await this.setHidden(false);
  }

  async chooseFillMode(mode) {
    await until(`the fill mode ${mode}`, async () => {
      if ((await this.at('fill-mode').getAttribute('data-mode')) === mode) return true;
      await this.at('fill-mode').click();
      return false;
    });
  }

  /** The rectangle in which the picture of `whose` is drawn within its view, and how it was fitted. */
  drawnPicture(whose) {
    return this.at(`remote-${whose}`).locator('video').first().evaluate((video) => {
      const box = video.getBoundingClientRect();
      const fit = getComputedStyle(video).objectFit;
      const choose = fit === 'contain' ? Math.min : Math.max;
      const scale = choose(box.width / video.videoWidth, box.height / video.videoHeight);
      return { fit, view: [box.width, box.height].map(Math.round), drawn: [video.videoWidth * scale, video.videoHeight * scale].map(Math.round) };
    });
  }

  async close() { await this.context?.close(); }
}
