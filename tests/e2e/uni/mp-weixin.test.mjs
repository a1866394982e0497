// The examples as mini programs: that they build, with the component over the platform's own tags, and without anything that is for browsers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, EXAMPLES, packageSize } from '../../../web/examples/build.mjs';
import { BUILD_LIMIT_MS } from '../lib/witness.mjs';

/** Words that only code for browsers has. */
const H5_ONLY = /RTCPeerConnection|getUserMedia|AudioContext|duet-uni-stage|captureStream|\bnew URL\(|localStorage/;
/** Of the platform, for a whole package. */
const LIMIT_BYTES = 2 * 1024 * 1024;

const tag = (wxml, name) => {
  const found = [...wxml.matchAll(new RegExp(`<${name}\\b[^>]*>`, 'g'))].map(([text]) => text);
  assert.equal(found.length, 1, `${found.length} of ${name}`);
  return found[0];
};

for (const example of EXAMPLES) {
  test(`${example} builds for mp-weixin, over the tags and free of H5 code`, { timeout: BUILD_LIMIT_MS }, async (t) => {
    const folder = await build(example, 'mp-weixin');
    const { files, bytes } = packageSize(folder);
    t.diagnostic(`${example}: ${(bytes / 1024).toFixed(0)} KiB in ${files.length} files`);
    assert.ok(bytes < 500 * 1024 && bytes < LIMIT_BYTES);

    const offending = files.filter((file) => H5_ONLY.test(readFileSync(file, 'utf8')));
    assert.deepEqual(offending.map((file) => `${file.slice(folder.length)}: ${H5_ONLY.exec(readFileSync(file, 'utf8'))[0]}`), []);

    const wxml = readFileSync(join(folder, 'uni_modules/trtc-room/components/trtc-room/trtc-room.wxml'), 'utf8');
    const pusher = tag(wxml, 'live-pusher');
    for (const event of ['statechange', 'netstatus', 'error', 'audiovolumenotify', 'bgmcomplete']) assert.match(pusher, new RegExp(`bind:?${event}=`), `pusher: ${event}`);
    for (const attribute of ['url', 'autopush', 'mode', 'enable-camera', 'enable-mic']) assert.match(pusher, new RegExp(`\\b${attribute}=`), `pusher: ${attribute}`);
    const player = tag(wxml, 'live-player');
    for (const event of ['statechange', 'netstatus', 'error', 'fullscreenchange']) assert.match(player, new RegExp(`bind:?${event}=`), `player: ${event}`);
    for (const text of ['mode="RTC"', 'min-cache="0.2"', 'max-cache="0.8"']) assert.ok(player.includes(text), `player: ${text}`);
    assert.match(player, /\bsrc=/);

    const code = files.filter((file) => file.endsWith('.js')).map((file) => readFileSync(file, 'utf8')).join('\n');
    for (const text of ['v1/signal', 'scope.camera', 'onMemoryWarning']) assert.ok(code.includes(text), `the transport is in the package: ${text}`);
  });
}
