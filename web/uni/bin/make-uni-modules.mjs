// Puts the uni_modules folder together: the component and the part of the library that it stands on.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const target = at('dist/uni_modules/trtc-room');
rmSync(target, { recursive: true, force: true });
mkdirSync(`${target}/js_sdk`, { recursive: true });
cpSync(at('uni_modules/trtc-room'), target, { recursive: true });
const room = readFileSync(at('dist/room.js'), 'utf8');
if (/^import\b/m.test(room)) throw new Error('dist/room.js imports something: the folder would not stand alone');
writeFileSync(`${target}/js_sdk/room.js`, room.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
