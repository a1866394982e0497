// Headless Chromium with fake devices, and what a test does on the call page.
import { chromium } from 'playwright-core';
import { until } from './server.mjs';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
];

export function launchBrowser({ args = [], fakeDevices = true } = {}) {
  const chosen = fakeDevices ? ARGS : ARGS.filter((arg) => !arg.includes('fake-device'));
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...chosen, ...args] });
}

/** One person at the call page. */
export class Caller {
  constructor(browser, name) {
    this.browser = browser;
    this.name = name;
    this.log = [];
  }

  /** Opens the page; `params` go into the URL. `init`: [function, argument] to run in it before its own scripts. */
  async open(server, params = {}, { viewport = { width: 960, height: 640 }, secure = false, context = {}, init = undefined } = {}) {
    this.context = await this.browser.newContext({ viewport, locale: 'en-US', permissions: ['camera', 'microphone'], ignoreHTTPSErrors: secure, ...context });
    if (init) await this.context.addInitScript(...init);
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

  async waitState(wanted, ms = 15_000) {
    let seen;
    try {
      await until(`${this.name} to be ${wanted}`, async () => (seen = await this.state()) === wanted, ms);
    } catch (error) {
      throw new Error(`${error.message}; it is ${seen}\n${this.log.slice(-20).join('\n')}`);
    }
  }

  /** Waits until the remote picture moves and sound comes in: decoded frames and audio packets rise. */
  async waitMedia(ms = 15_000) {
    const first = await until(`${this.name}'s first picture`, async () => { const s = await this.stats(); return s.frames_decoded > 0 && s.audio_packets > 0 && s; }, ms);
    return until(`${this.name}'s moving picture and sound`, async () => {
      const s = await this.stats();
      return s.frames_decoded > first.frames_decoded + 5 && s.audio_packets > first.audio_packets + 10 && s;
    }, ms);
  }

  async close() { await this.context?.close(); }
}
