// Bad networks for a test: duet-relay between the clients and a server, steered by its own commands.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './server.mjs';

export const relayProgram = process.env.DUET_RELAY_BIN ?? join(root, 'build/release/bin/duet-relay');

export class Relay {
  /** Doors for `clients` clients to the server with these ports; see `duet-relay --help` for what can be said to it. */
  static async start(ports, { clients = 2, seed = 1 } = {}) {
    if (!existsSync(relayProgram)) throw new Error(`${relayProgram} is missing: run scripts/build release --server duet-relay`);
    const relay = new Relay();
    relay.answers = [];
    relay.stats = [];
    relay.process = spawn(
      relayProgram,
      ['--media-port', ports.media, '--http-port', ports.http, '--clients', clients, '--seed', seed].map(String),
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    relay.exited = new Promise((resolve) => relay.process.on('exit', resolve));
    const announced = new Promise((resolve, reject) => {
      relay.answers.push({ resolve, reject });
      relay.exited.then((code) => reject(new Error(`duet-relay ended with ${code}`)));
    });
    createInterface({ input: relay.process.stdout }).on('line', (line) => relay.#line(JSON.parse(line)));
    relay.clients = (await announced).clients;
    return relay;
  }

  /** The page of client 0, 1 ... as it sees the server. */
  url(client) { return `http://127.0.0.1:${this.clients[client].tcp}/`; }
  mediaPort(client) { return this.clients[client].udp; }

  /** Resolves when the command is in force, with the time at which it was (Unix ms). */
  async say(command) {
    await new Promise((resolve, reject) => {
      this.answers.push({ resolve, reject });
      this.process.stdin.write(`${command}\n`);
    });
    return Date.now();
  }

  /** Counts of each second from now on: [{at, stats: [{up: {packets, lost, bytes, queueMs}, down}]}] grows in `stats`. */
  async measure() {
    this.stats.length = 0;
    await this.say('stats every 1');
  }

  async stop() {
    this.process.stdin.end();
    this.process.kill();
    await this.exited;
  }

  #line(line) {
    if (line.stats) {
      this.stats.push({ at: Date.now(), clients: line.stats });
      return;
    }
    const { resolve, reject } = this.answers.shift();
    if (line.error) reject(new Error(`duet-relay: ${line.error}`));
    else resolve(line);
  }
}
