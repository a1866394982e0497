#!/usr/bin/env node
// Builds the example projects, and the packages that they are made of: what changed, by content. Toolchains are installed as the lock files say.
// Usage: node web/examples/build.mjs [h5|mp-weixin ...]      (default: h5)
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const EXAMPLES = ['uni-vue2', 'uni-vue3'];
export const PLATFORMS = ['h5', 'mp-weixin'];

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const folderOf = (name) => join(here, name);

/** All that the packages are made of. */
const LIBRARY = ['sdk/src', 'sdk/package.json', 'sdk/vite.config.ts', 'uni/src', 'uni/build', 'uni/bin', 'uni/uni_modules', 'uni/vite.config.ts', 'uni/package.json']
  .map((path) => join(root, 'web', path));
/** What is made, or put there by a build. */
const MADE = /(^|\/)(node_modules|dist|src\/uni_modules)$/;

function* filesIn(path) {
  if (MADE.test(path)) return;
  if (!statSync(path).isDirectory()) yield path;
  else for (const name of readdirSync(path).sort()) yield* filesIn(join(path, name));
}

/** One text for the contents of files and folders, and for whatever else matters. */
function digest(paths, more = '') {
  const hash = createHash('sha256').update(more);
  for (const path of paths) {
    for (const file of filesIn(path)) hash.update(`${relative(root, file)}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** The slowest step takes four minutes on two busy cores. */
const LIMIT_MS = 15 * 60_000;
const INSTALL_ATTEMPTS = 3;

function run(command, args, cwd, env = {}) {
  const what = `${command} ${args.join(' ')} in ${relative(root, cwd) || '.'}`;
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: '', ...env } });
    const late = setTimeout(() => {
      child.kill();
      reject(new Error(`${what} did not end in ${LIMIT_MS / 60_000} minutes:\n${output}`));
    }, LIMIT_MS);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text; });
    child.on('error', (error) => { clearTimeout(late); reject(error); });
    child.on('close', (code, signal) => {
      clearTimeout(late);
      if (code === 0) resolve();
      else reject(new Error(`${what} ended with ${signal ?? code}:\n${output}`));
    });
  });
}

/** Registries and the way to them fail now and then. */
async function installPackages(folder) {
  for (let attempt = 1; ; attempt++) {
    try {
      await run('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
      return;
    } catch (error) {
      if (attempt === INSTALL_ATTEMPTS) throw error;
      console.log(`${error.message.split('\n').slice(0, 6).join('\n')}\ntrying again, ${attempt + 1} of ${INSTALL_ATTEMPTS}`);
    }
  }
}

/** Does `make` unless it was done for the same contents; the stamp is written last. */
async function once(stamp, made, contents, make) {
  if (existsSync(made) && existsSync(stamp) && readFileSync(stamp, 'utf8') === contents) return;
  const started = Date.now();
  rmSync(stamp, { force: true });
  await make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, contents);
  console.log(`${relative(root, stamp)}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

let library;
/** The packages web/sdk and web/uni. */
export function buildLibrary() {
  library ??= once(join(root, 'web/uni/dist/.built'), join(root, 'web/uni/dist/uni_modules/trtc-room/js_sdk/room.js'), digest(LIBRARY), async () => {
    await run('npm', ['run', 'build', '-w', 'web/sdk'], root);
    await run('npm', ['run', 'build', '-w', 'web/uni'], root);
  });
  return library;
}

const installs = new Map();
/** The example's toolchain, exactly as locked. The package itself is a link: a copy would be old after its next build. */
function install(name) {
  const folder = folderOf(name);
  const packages = join(folder, 'node_modules');
  if (!installs.has(name)) {
    const lock = digest(['package.json', 'package-lock.json'].map((file) => join(folder, file)));
    installs.set(name, once(join(packages, '.installed'), packages, lock, async () => {
      await installPackages(folder);
      const linked = join(packages, '@duet/uni');
      rmSync(linked, { recursive: true, force: true });
      symlinkSync('../../../../uni', linked);
    }));
  }
  return installs.get(name);
}

/** {bytes, files} of a mini program. Its platform takes packages of 2 MiB at most. */
export function packageSize(folder) {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((file) => statSync(file).isFile());
  return { files, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

/** Builds of one example follow each other, for they share its folder. */
const turns = new Map();

/** Builds an example for a platform; gives the folder of the result. */
export async function build(name, platform = 'h5') {
  const folder = folderOf(name);
  const output = join(folder, 'dist/build', platform);
  const turn = (turns.get(name) ?? Promise.resolve()).then(async () => {
    await Promise.all([buildLibrary(), install(name)]);
    const entry = join(output, platform === 'h5' ? 'index.html' : 'app.json');
    await once(join(folder, 'dist', `.${platform}`), entry, digest([...LIBRARY, folder]), () => run('npm', ['run', `build:${platform}`], folder));
    if (platform !== 'mp-weixin') return;
    const { files, bytes } = packageSize(output);
    console.log(`${relative(root, output)}: ${(bytes / 1024).toFixed(0)} KiB in ${files.length} files`);
  });
  turns.set(name, turn.catch(() => undefined));
  await turn;
  return output;
}

/** A Vue 2 project without a toolchain of its own, built for h5 by the first example's; gives the folder of the result. */
export async function buildProject(project, output) {
  await build('uni-vue2');
  await once(`${output}.built`, join(output, 'index.html'), digest([...LIBRARY, project]), () => run(
    'npx', ['vue-cli-service', 'uni-build'], folderOf('uni-vue2'),
    { NODE_ENV: 'production', UNI_PLATFORM: 'h5', UNI_INPUT_DIR: join(project, 'src'), UNI_OUTPUT_DIR: output }));
  return output;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const platforms = process.argv.length > 2 ? process.argv.slice(2) : ['h5'];
  const unknown = platforms.filter((platform) => !PLATFORMS.includes(platform));
  if (unknown.length > 0) {
    console.error(`build.mjs: there is no platform '${unknown[0]}'; there are ${PLATFORMS.join(', ')}`);
    process.exit(2);
  }
  try {
    await Promise.all(EXAMPLES.flatMap((name) => platforms.map((platform) => build(name, platform))));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
