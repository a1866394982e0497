/**
 * Takes pictures of every state of the page, in both languages, on a small phone and a PC, with a
 * stand-in for the SDK and for the server's configuration: no server, no camera, no call.
 *
 *   node test/looks/shots.mjs OUT_DIR [NAME …]
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';

const [outDir = 'looks', ...only] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = here('../../dist-looks/');
const PHONE = { width: 360, height: 740 };
const PC = { width: 1280, height: 800 };
const LANDSCAPE = { width: 740, height: 360 };
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const CONFIG = {
  version: '0.1.0', protocol: 1, dev: true, sdkAppId: 1400000001, environments: [],
  lanUrls: ['https://192.168.1.5:8443/', 'https://10.0.0.7:8443/'],
};
const ORIGIN = 'http://localhost';

const STATS = [
  { id: 'T', type: 'transport', timestamp: 1, srtpCipher: 'AEAD_AES_128_GCM', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', timestamp: 1, currentRoundTripTime: 0.0042, localCandidateId: 'L', remoteCandidateId: 'R' },
  { id: 'L', type: 'local-candidate', timestamp: 1, candidateType: 'host' },
  { id: 'R', type: 'remote-candidate', timestamp: 1, candidateType: 'host', protocol: 'udp' },
  { id: 'C', type: 'codec', timestamp: 1, mimeType: 'video/H264' },
  { id: 'V', type: 'inbound-rtp', kind: 'video', timestamp: 1, framesDecoded: 1820, framesPerSecond: 30, frameWidth: 640, frameHeight: 480, codecId: 'C', jitter: 0.003 },
  { id: 'A', type: 'inbound-rtp', kind: 'audio', timestamp: 1, packetsReceived: 3000, audioLevel: 0.21 },
  { id: 'O', type: 'outbound-rtp', kind: 'video', timestamp: 1, frameWidth: 640, frameHeight: 480, framesPerSecond: 30, codecId: 'C', bytesSent: 1 },
];

const emit = (page, event, payload) =>
  page.evaluate(([name, data]) => window.fakeDuet.emit(name, data), [event, payload]);
const fail = (page, method, failure) =>
  page.evaluate(([name, data]) => { window.fakeDuet.failures[name] = data; }, [method, failure]);

async function join_(page, name = 'Alice', room = '1234') {
  await page.getByTestId('join-name').fill(name);
  await page.getByTestId('join-room').fill(room);
  await page.getByTestId('join-button').click();
}

async function comes(page, userId, shape = 'wide') {
  await page.evaluate(([who, what]) => { window.fakeDuet.shapes[who] = what; }, [userId, shape]);
  await emit(page, 'remote-user-enter', { userId });
  await emit(page, 'remote-audio-available', { userId });
  await emit(page, 'remote-video-available', { userId, streamType: 'main' });
}

async function quality(page, userId) {
  await emit(page, 'network-quality', {
    uplinkNetworkQuality: 1, downlinkNetworkQuality: 2, members: [{ userId, uplink: 3, downlink: 1 }],
  });
}

async function say(page, userId, text) {
  await page.evaluate(([who, words]) => window.fakeDuet.emit('custom-message', {
    userId: who, cmdId: 1, seq: 1, data: new TextEncoder().encode(words).buffer,
  }), [userId, text]);
}

async function clearNotices(page) {
  const close = page.locator('.notice__close');
  while (await close.count() > 0) await close.first().click();
}

async function inCall(page) {
  await join_(page);
  await comes(page, 'Bob');
  await quality(page, 'Bob');
  await clearNotices(page);
}

const STATES = {
  join: async () => {},
  'join-denied': async (page) => {
    const denied = { code: 5300, extraCode: 5302, message: '' };
    await fail(page, 'startLocalVideo', denied);
    await fail(page, 'startLocalAudio', denied);
    await page.getByTestId('camera').click();
    await page.getByTestId('camera').click();
  },
  'join-invalid': async (page) => join_(page, '', ''),
  'join-full': async (page) => {
    await fail(page, 'enterRoom', { code: 5400, extraCode: -3301, message: '', data: { name: 'room_full' } });
    await join_(page);
  },
  'join-expired': async (page) => {
    await fail(page, 'enterRoom', {
      code: 5400, message: 'this userSig expired at 2026-11-01 12:00:00 UTC; make a new one', data: { name: 'sig_expired' },
    });
    await join_(page);
  },
  waiting: async (page) => join_(page),
  call: inCall,
  'call-swapped': async (page) => {
    await inCall(page);
    await page.getByTestId('swap').click();
  },
  'call-dragged': async (page) => {
    await inCall(page);
    const box = await page.getByTestId('local').boundingBox();
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(90, 160, { steps: 5 });
    await page.mouse.up();
  },
  'call-cover': async (page) => {
    await inCall(page);
    await page.getByTestId('fill-mode').click();
    await page.getByTestId('fill-mode').click();
  },
  'call-chat': async (page) => {
    await inCall(page);
    await page.getByTestId('chat-toggle').click();
    await say(page, 'Bob', 'Can you hear me now?');
    await page.getByTestId('chat-input').fill('Loud and clear. 声音和画面都很清楚！');
    await page.getByTestId('chat-send').click();
    await say(page, 'Bob', 'https://example.org/a/rather/long/link/that/must/not/widen/the/panel?with=parameters');
  },
  'call-unread': async (page) => {
    await inCall(page);
    await say(page, 'Bob', 'Look here');
  },
  'call-settings': async (page) => {
    await inCall(page);
    await page.getByTestId('settings').click();
  },
  'call-audio-only': async (page) => {
    await inCall(page);
    await emit(page, 'remote-video-unavailable', { userId: 'Bob', streamType: 'main' });
    await emit(page, 'remote-audio-unavailable', { userId: 'Bob' });
    await page.getByTestId('camera').click();
    await page.getByTestId('mute').click();
  },
  'call-paused': async (page) => {
    await inCall(page);
    await emit(page, 'remote-user-paused', { userId: 'Bob' });
  },
  'call-reconnecting': async (page) => {
    await inCall(page);
    await emit(page, 'connection-state-changed', { prevState: 'CONNECTED', state: 'RECONNECTING', isReconnecting: true });
    await page.waitForTimeout(300);
  },
  'call-autoplay': async (page) => {
    await inCall(page);
    await page.evaluate(() => window.fakeDuet.emit('autoplay-failed', { userId: 'Bob', mediaType: 'audio', resume: async () => {} }));
  },
  'call-no-camera': async (page) => {
    await fail(page, 'startLocalVideo', { code: 5300, extraCode: 5301, message: '' });
    await page.getByTestId('camera').click();
    await page.getByTestId('camera').click();
    await inCall(page);
  },
  'call-screen': async (page) => {
    await inCall(page);
    await page.evaluate(() => { window.fakeDuet.shapes['Bob/screen'] = 'screen'; });
    await emit(page, 'remote-video-available', { userId: 'Bob', streamType: 'sub' });
  },
  'call-stats': async (page) => {
    await page.evaluate((stats) => { window.fakeDuet.stats = stats; }, STATS);
    await inCall(page);
    await page.getByTestId('stats').locator('tbody tr').first().waitFor();
  },
  'call-grid': async (page) => {
    await join_(page);
    for (const name of ['Bob', 'Carol', 'Dave', 'Erin', 'Frank']) await comes(page, name);
    await emit(page, 'audio-volume', { result: [{ userId: 'Carol', volume: 60, floatVolume: 60 }] });
    await clearNotices(page);
  },
  kicked: async (page) => {
    await inCall(page);
    await emit(page, 'kicked-out', { reason: 'replaced' });
  },
  ended: async (page) => {
    await inCall(page);
    await page.getByTestId('hangup').click();
  },
};
const QUERY = { 'call-stats': '?debugMode=true', 'call-grid': '?template=grid' };

async function answer(route) {
  const { pathname } = new URL(route.request().url());
  if (pathname === '/v1/config') return route.fulfill({ json: CONFIG });
  if (pathname === '/v1/dev/usersig') return route.fulfill({ json: { sdkAppId: 1400000001, userSig: 'x' } });
  if (pathname.startsWith('/v1/') || pathname === '/healthz') return route.abort();
  const path = pathname === '/' ? 'index.html' : pathname.slice(1);
  return route.fulfill({ body: readFileSync(join(dist, path)), contentType: TYPES[extname(path)] ?? 'text/plain' });
}

async function shoot(browser, name, view, { viewport, locale, colorScheme }) {
  const context = await browser.newContext({
    viewport, locale, colorScheme, hasTouch: viewport.width < 800, deviceScaleFactor: viewport.width < 800 ? 2 : 1,
  });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (line) => line.type() === 'error' && !line.text().includes('ERR_FAILED') && problems.push(line.text()));
  await page.route('**/*', answer);
  await page.goto(`${ORIGIN}/${QUERY[name] ?? ''}`);
  await page.getByTestId('join-button').waitFor();
  await STATES[name](page);
  await page.waitForTimeout(600); // only for the pictures: transitions come to rest
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  if (wide) problems.push('wider than the window');
  await page.screenshot({ path: join(outDir, `${name}-${view}.png`) });
  await context.close();
  return problems.map((problem) => `${name}-${view}: ${problem}`);
}

mkdirSync(outDir, { recursive: true });
await build({ configFile: here('vite.config.ts'), logLevel: 'warn' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
});
const problems = [];
try {
  for (const name of Object.keys(STATES).filter((state) => only.length === 0 || only.includes(state))) {
    problems.push(...await shoot(browser, name, 'phone', { viewport: PHONE, locale: 'en-US', colorScheme: 'light' }));
    problems.push(...await shoot(browser, name, 'pc', { viewport: PC, locale: 'zh-CN', colorScheme: 'dark' }));
    if (only.length > 0) {
      problems.push(...await shoot(browser, name, 'phone-zh', { viewport: PHONE, locale: 'zh-CN', colorScheme: 'dark' }));
      problems.push(...await shoot(browser, name, 'pc-en', { viewport: PC, locale: 'en-US', colorScheme: 'light' }));
      problems.push(...await shoot(browser, name, 'landscape', { viewport: LANDSCAPE, locale: 'en-US', colorScheme: 'light' }));
    }
  }
} finally {
  await browser.close();
}
problems.forEach((problem) => console.error(problem));
process.exitCode = problems.length > 0 ? 1 : 0;
