// Starts a server of its own for a test: free ports, a data directory that goes away with it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const duetProgram = process.env.DUET_BIN ?? join(root, 'build/release/bin/duet');

/** How long tests wait for what has no limit of its own: machines that build and test at once are slow. */
export const PATIENCE_MS = 90_000;

/** Resolves with the first truthy value of `probe`, asked every 20 ms; rejects after `ms` with `what`. */
export async function until(what, probe, ms = PATIENCE_MS) {
  const deadline = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}${last ? `: ${last.message}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class DuetServer {
  /** Starts `duet serve`; `ports` ({https, http, media}) repeats the ports of an earlier one, `args` are added. */
  static async start({ ports = {}, data = undefined, args = [] } = {}) {
    const server = new DuetServer();
    server.ownsData = !data;
    server.data = data ?? mkdtempSync(join(tmpdir(), 'duet-test-'));
    const ready = join(server.data, 'ready.json');
    rmSync(ready, { force: true });
    server.output = '';
    server.process = spawn(
      duetProgram,
      ['serve', '--data', server.data, '--https-port', String(ports.https ?? 0), '--http-port', String(ports.http ?? 0),
        '--rtmp-port', String(ports.rtmp ?? 0), '--rtmps-port', String(ports.rtmps ?? 0), '--media-port', String(ports.media ?? 0),
        '--ready-file', ready, '--debug-endpoints', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    server.exited = new Promise((resolve) => server.process.on('exit', (code, signal) => resolve({ code, signal })));
    for (const stream of [server.process.stdout, server.process.stderr]) stream.on('data', (text) => (server.output += text));
    const gone = server.exited.then(({ code, signal }) => {
      throw new Error(`duet serve ended with ${signal ?? code}:\n${server.output}`);
    });
    gone.catch(() => {});
    const info = await Promise.race([until('the server to be ready', () => existsSync(ready) && JSON.parse(readFileSync(ready, 'utf8'))), gone]);
    server.ports = { https: info.https_port, http: info.http_port, rtmp: info.rtmp_port, rtmps: info.rtmps_port, media: info.media_port };
    return server;
  }

  get url() { return `http://127.0.0.1:${this.ports.http}/`; }
  get secureUrl() { return `https://127.0.0.1:${this.ports.https}/`; }

  async json(path, options) {
    const response = await fetch(new URL(path, this.url), options);
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  async counts() { return this.json('/v1/debug/counts'); }

  async userSig(userId, expire = 3600) {
    return this.json('/v1/dev/usersig', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ userId, expire }) });
  }

  /** Sends the signal, waits for the end, and gives back {code, signal}. */
  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    const result = await this.exited;
    if (this.ownsData) rmSync(this.data, { recursive: true, force: true });
    return result;
  }
}
