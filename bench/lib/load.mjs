// What the benchmarks share: a server of their own, a run of duet-load against it, the limits of the machine, options.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bin = join(root, 'build/release/bin');
/** DUET_BIN: another server, to compare with. */
const duet = process.env.DUET_BIN ?? join(bin, 'duet');
const counter = join(root, 'build/release/lib/duet-count-allocations.so');

/** Server and load on a core each; on a machine with one core they share it. */
export const SERVER_CORE = 0;
export const LOAD_CORE = Math.min(1, availableParallelism() - 1);

/** Bytes of a packet on the wire for bytes of payload: RTP header with the transport-wide number, and the tag. */
export const wireBytes = (payload) => payload + 12 + 12 + 16;

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** Options of a benchmark whose --help is the head of its file. */
export function readOptions(url, options) {
  try {
    const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, ...options } });
    if (!values.help) return values;
    const lines = readFileSync(new URL(url), 'utf8').split('\n').slice(1);
    console.log(lines.slice(0, lines.findIndex((line) => !line.startsWith('//'))).map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
    process.exit(0);
  } catch (error) {
    return fail(`${error.message}; see --help`);
  }
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (said += text));
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(out.trim().split('\n').at(-1))) : reject(new Error(`${program} ended with ${code}: ${said || out}`))));
  });
}

/** Processes that keep a core awake; null: cores may fall asleep. */
let awake = [];
process.on('exit', () => awake?.forEach((loop) => loop.kill()));

/**
 * Cores may fall asleep from now on, as they do outside of benchmarks, or (the default) never do, by loops that yield to everything else
 * (SCHED_IDLE). The idle core of a virtual machine takes up to milliseconds to wake, which is neither the server's nor the limit's doing,
 * and runs cold then.
 */
export function letSleep(sleep) {
  if (sleep) awake?.forEach((loop) => loop.kill());
  if (sleep || !awake) awake = sleep ? null : [];
}

function keepAwake() {
  if (!awake || awake.length > 0) return;
  awake = [...new Set([SERVER_CORE, LOAD_CORE])].map((core) => {
    const endless = 'while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done';
    const loop = spawn('chrt', ['--idle', '0', 'taskset', '--cpu-list', core, 'sh', '-c', endless], { stdio: 'ignore' });
    loop.on('exit', (code) => code > 0 && fail('chrt or taskset may not keep the cores awake; bench/forward --sleep does without'));
    loop.on('error', () => fail('chrt and taskset of util-linux are needed: they keep the cores awake'));
    loop.unref();
    return loop;
  });
}

/** A release server on free ports of loopback that counts its allocations. */
export class BenchServer {
  static async start(args = []) {
    keepAwake();
    const self = new BenchServer();
    if (!existsSync(duet) || !existsSync(join(bin, 'duet-load')) || !existsSync(counter)) fail('build first: scripts/build release --server');
    self.data = mkdtempSync(join(tmpdir(), 'duet-bench-'));
    const ready = join(self.data, 'ready.json');
    self.allocations = join(self.data, 'allocations');
    writeFileSync(self.allocations, Buffer.alloc(8));
    self.process = spawn(
      duet,
      ['serve', '--data', self.data, '--https-port', '0', '--http-port', '0', '--no-rtmp', '--no-rtmps', '--media-port', '0', '--no-media-tcp', '--public-address', '127.0.0.1', '--max-room-members', '2000', '--ready-file', ready, ...args],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LD_PRELOAD: counter, DUET_ALLOCATIONS_FILE: self.allocations } },
    );
    self.said = '';
    self.process.stderr.on('data', (text) => (self.said = (self.said + text).slice(-4000)));
    self.exited = new Promise((resolve) => self.process.on('exit', resolve));
    for (const end = Date.now() + 20_000; !existsSync(ready) || readFileSync(ready).length === 0;) {
      if (Date.now() > end || self.process.exitCode !== null) fail(`the server does not start:\n${self.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    self.url = `http://127.0.0.1:${JSON.parse(readFileSync(ready, 'utf8')).http_port}`;
    return self;
  }

  /** One run of duet-load; `args` are its options. */
  load(args) {
    return run(join(bin, 'duet-load'), [
      '--whip-url', `${this.url}/whip/{room}/{user}`, '--whep-url', `${this.url}/whep/{room}/{user}?userid=v{n}`, '--pid', this.process.pid,
      '--server-core', SERVER_CORE, '--own-core', LOAD_CORE, '--allocations-file', this.allocations, ...args,
    ]);
  }

  async stop() {
    this.process.kill();
    await this.exited;
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Options of a server with so many media workers. All of them run on the server's core: what counts is the CPU for each packet. */
export const workerArgs = (workers) => ['--workers', workers];

/** What encrypting and sending alone takes: us of CPU per packet, and the delay until the packet is in the receiver's socket. */
function limits({ receivers, run: packets = 1, pps = 250, size = 1126, seconds = 3, args = [] }) {
  keepAwake();
  return run(join(bin, 'duet-load'), ['limits', '--receivers', receivers, '--run', packets, '--pps', pps, '--size', wireBytes(size), '--seconds', seconds, '--server-core', SERVER_CORE, '--own-core', LOAD_CORE, ...args]);
}

/** us of CPU per packet alone. */
export const limit = async (options) => (await limits(options)).us_per_packet;

/** Forwarding to `n` viewers, and the limits for the same packets right before it: encrypted by OpenSSL's EVP, and as the server does it. */
export async function forward({ n, pacing = 'even', pps = 250, size = 1126, seconds = 8, workers = 1, serverArgs = [] }) {
  const burst = pacing === 'burst';
  const same = { receivers: n, run: burst ? Math.round(pps / 25) : 1, pps, size };
  const limit_us_per_packet = await limit(same);
  const fastest = await limits({ ...same, args: ['--fastest'] });
  const server = await BenchServer.start([...workerArgs(workers), ...serverArgs]);
  try {
    const result = await server.load(['--viewers', n, '--pps', pps, '--size', size, '--seconds', seconds, ...(burst ? ['--burst'] : [])]);
    const ratio = (to) => Number((result.us_per_packet / to).toFixed(3));
    return {
      ...result, limit_us_per_packet, ratio_to_limit: ratio(limit_us_per_packet),
      fastest_limit_us_per_packet: fastest.us_per_packet, ratio_to_fastest_limit: ratio(fastest.us_per_packet),
      limit_delay_ms_p50: fastest.delay_ms_p50, limit_delay_ms_p99: fastest.delay_ms_p99,
    };
  } finally {
    await server.stop();
  }
}

/** The figures as one line of JSON, or for people. */
export function print(result, json) {
  if (json) return console.log(JSON.stringify(result));
  for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(24)} ${value}`);
}

export function writeReport(name, text) {
  const directory = join(root, 'build/bench');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}
