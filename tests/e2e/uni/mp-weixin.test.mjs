// The examples as mini programs: that they build, with the component, and without anything that is for browsers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build, EXAMPLES } from '../../../web/examples/build.mjs';

/** Words that only code for browsers has. */
const H5_ONLY = /RTCPeerConnection|getUserMedia|AudioContext|duet-uni-stage|captureStream/;

for (const example of EXAMPLES) {
  test(`${example} builds for mp-weixin, free of H5 code`, async (t) => {
    const folder = await build(example, 'mp-weixin');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, path, name }) => join(parentPath ?? path, name));
    const size = files.reduce((sum, file) => sum + readFileSync(file).length, 0);
    t.diagnostic(`${example}: ${(size / 1024).toFixed(0)} KiB in ${files.length} files`);
    assert.deepEqual(files.filter((file) => H5_ONLY.test(readFileSync(file, 'utf8'))).map((file) => file.slice(folder.length)), []);
    const wxml = readFileSync(join(folder, 'uni_modules/trtc-room/components/trtc-room/trtc-room.wxml'), 'utf8');
    assert.match(wxml, /<live-pusher/);
    assert.match(wxml, /<live-player/);
    assert.ok(size < 400 * 1024);
  });
}
