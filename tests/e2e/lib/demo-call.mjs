// A call between two browsers through a server of its own; the last line of the output is one JSON object. See scripts/demo-call --help.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Caller, launchBrowser } from './browser.mjs';
import { DuetServer } from './server.mjs';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '15' }, out: { type: 'string', default: 'build/demo-call' } } });
const seconds = Number(options.seconds);
if (!(seconds >= 1 && seconds <= 3600)) {
  console.error('demo-call: --seconds takes a number from 1 to 3600');
  process.exit(2);
}
mkdirSync(options.out, { recursive: true });

const round = (value, digits = 1) => (typeof value === 'number' ? Math.round(value * 10 ** digits) / 10 ** digits : null);

async function report(caller, before) {
  const [marks, now] = [await caller.marks(), await caller.stats()];
  await caller.page.screenshot({ path: join(options.out, `${caller.name}.png`) });
  const moving = now.frames_decoded > before.frames_decoded && now.audio_packets > before.audio_packets && now.width > 0;
  const audible = now.audio_level > 0.001;
  return {
    ok: moving && audible,
    join_ms: round(marks.entered - marks.joinClicked),
    first_frame_ms: round(marks.firstRemoteFrame - marks.entered),
    frames_decoded: now.frames_decoded,
    fps: round(now.fps),
    width: now.width,
    height: now.height,
    audio_packets: now.audio_packets,
    audio_level: round(now.audio_level, 4),
    codec: now.codec,
    srtp_cipher: now.srtp_cipher,
    rtt_ms: round(now.rtt_ms, 2),
  };
}

const result = { ok: false };
let server, browser;
try {
  server = await DuetServer.start();
  browser = await launchBrowser();
  const [alice, bob] = [new Caller(browser, 'alice'), new Caller(browser, 'bob')];
  // Both stand at the door with their cameras on before anyone enters, as people do.
  for (const caller of [alice, bob]) await caller.open(server, { roomID: '1234', template: '1v1' });
  await alice.join();
  await bob.join();
  const before = [await alice.waitMedia(20_000), await bob.waitMedia(20_000)];
  console.log(`in the call; looking at it for ${seconds} s`);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  result.alice = await report(alice, before[0]);
  result.bob = await report(bob, before[1]);
  // Alice waited for Bob: her first frame counts from his entering.
  const offset = await Promise.all([alice, bob].map((c) => c.page.evaluate(() => performance.timeOrigin)));
  const [am, bm] = [await alice.marks(), await bob.marks()];
  result.alice.first_frame_ms = round(offset[0] + am.firstRemoteFrame - Math.max(offset[0] + am.entered, offset[1] + bm.entered));
  result.ok = result.alice.ok && result.bob.ok;
} catch (error) {
  result.error = error.message;
} finally {
  await browser?.close();
  const end = await server?.stop();
  if (end && end.code !== 0) {
    result.ok = false;
    result.error ??= `the server ended with ${end.signal ?? end.code}: ${server.output.slice(-2000)}`;
  }
}
console.log(JSON.stringify(result));
process.exit(result.ok ? 0 : 1);
