#!/usr/bin/env node
/** `duet-uni add [SRC]`: copies the trtc-room component into a project's uni_modules. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [command, given] = process.argv.slice(2);
if (command !== 'add') {
  console.error('Usage: duet-uni add [SRC]\n  Copies the trtc-room component into SRC/uni_modules. SRC is where pages.json is: src or ., by default whichever has it.');
  process.exit(command === '--help' || command === '-h' ? 0 : 2);
}
const source = given || ['src', '.'].find((folder) => fs.existsSync(path.join(folder, 'pages.json')));
if (!source || !fs.existsSync(path.join(source, 'pages.json'))) {
  console.error(`duet-uni: there is no pages.json in ${given || 'src or .'}; run it in a uni-app project, or name the folder`);
  process.exit(1);
}
const component = path.join(__dirname, '../dist/uni_modules/trtc-room');
if (!fs.existsSync(component)) {
  console.error('duet-uni: the package is not built; run `npm run build -w web/uni` in the checkout of Duet');
  process.exit(1);
}
const target = path.join(source, 'uni_modules/trtc-room');
fs.rmSync(target, { recursive: true, force: true });
fs.cpSync(component, target, { recursive: true });
console.log(`trtc-room is in ${target}`);
