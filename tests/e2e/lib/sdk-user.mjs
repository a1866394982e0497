// Users of the SDK without the call page: a page that does nothing by itself.
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuetServer, PATIENCE_MS, root, until } from './server.mjs';

/** The server, and the folder of its pages, which the test removes in the end. */
export async function startSdkSite() {
  const pages = mkdtempSync(join(tmpdir(), 'duet-pages-'));
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>SDK</title>'); // the call page would open the camera by itself
  copyFileSync(join(root, 'web/sdk/dist/duet.js'), join(pages, 'duet.js'));
  return { server: await DuetServer.start({ args: ['--pages', pages] }), pages };
}

/** One user of the SDK in a page of its own. */
export class SdkUser {
  constructor(browser, server) {
    this.browser = browser;
    this.server = server;
    this.log = [];
  }

  /** `codec`: the only one that the browser has. `init`: [function, argument] pairs to run in the page before its own scripts. */
  async open(userId, { codec, init = [] } = {}) {
    this.userId = userId;
    this.context = await this.browser.newContext({ permissions: ['camera', 'microphone'] });
    this.context.setDefaultTimeout(PATIENCE_MS);
    this.page = await this.context.newPage();
    this.page.on('console', (message) => this.log.push(`${message.type()}: ${message.text()}`));
    for (const [script, argument] of init) await this.page.addInitScript(script, argument);
    if (codec) {
      await this.page.addInitScript((only) => {
        const original = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
        RTCRtpReceiver.getCapabilities = (kind) => {
          const all = original(kind);
          const kept = ({ mimeType }) => kind === 'audio' || [only, 'video/rtx'].includes(mimeType.toLowerCase());
          return { ...all, codecs: all.codecs.filter(kept) };
        };
      }, `video/${codec}`);
    }
    await this.page.goto(this.server.url);
    await this.page.evaluate(async () => {
      const { Duet } = await import('/duet.js');
      window.heard = {};
      window.duet = Duet.create({ logLevel: 3 });
      for (const event of Object.values(Duet.EVENT)) window.duet.on(event, (payload) => (window.heard[event] ??= []).push(payload));
      document.body.replaceChildren(Object.assign(document.createElement('div'), { id: 'view', style: 'width:640px;height:480px' }));
    });
    return this;
  }

  async enter(room, { camera, audio = false, template = 'grid' } = {}) {
    const { sdkAppId, userSig } = await this.server.userSig(this.userId);
    await this.page.evaluate(async ({ camera, audio, params }) => {
      if (camera) await window.duet.startLocalVideo({ option: camera });
      if (audio) await window.duet.startLocalAudio();
      await window.duet.enterRoom(params);
    }, { camera, audio, params: { sdkAppId, userSig, userId: this.userId, roomId: room, template } });
    return this;
  }

  get name() { return this.userId; }

  run(method, ...args) { return this.page.evaluate(([name, given]) => window.duet[name](...given), [method, args]); }
  heard(event) { return this.page.evaluate((name) => window.heard[name] ?? [], event); }
  stats() { return this.page.evaluate(() => window.duet.getPeerConnectionStats()); }

  /** What is sent of the camera, by rid: [active, height, bytes]. */
  async sent() {
    const entries = (await this.stats()).filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
    return Object.fromEntries(entries.map(({ rid, active, frameHeight, bytesSent }) => [rid ?? '', { active, height: frameHeight, bytes: bytesSent }]));
  }

  /** The picture that is received: frames so far, its height, and the codec. */
  async received() {
    const all = await this.stats();
    const entry = all.find(({ type, kind, framesDecoded }) => type === 'inbound-rtp' && kind === 'video' && framesDecoded > 0);
    return entry && { height: entry.frameHeight, frames: entry.framesDecoded, codec: all.find(({ id }) => id === entry.codecId)?.mimeType };
  }

  async waitHeight(height, ms = PATIENCE_MS) {
    let seen;
    try {
      return await until(`a picture ${height} high`, async () => (seen = await this.received())?.height === height && seen, ms);
    } catch (error) {
      throw new Error(`${error.message}; it is ${JSON.stringify(seen)}`);
    }
  }
}
