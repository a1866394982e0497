// A GStreamer client in a process of its own (gstreamer.py).
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/lib/server.mjs';

const script = join(dirname(fileURLToPath(import.meta.url)), 'gstreamer.py');

export class GStreamerClient {
  /** `mode`: "publish" or "watch"; `codec`: "h264" or "vp8". */
  static async start(mode, url, { codec = 'h264' } = {}) {
    const self = new GStreamerClient();
    self.heard = { state: 'new', audio: 0, video: 0 };
    self.said = '';
    // Debian's own Python, which Debian's bindings are for.
    self.process = spawn('/usr/bin/python3', [script, mode, String(url), codec], { stdio: ['pipe', 'pipe', 'pipe'] });
    self.process.stderr.on('data', (text) => (self.said += text));
    self.exited = new Promise((resolve) => self.process.on('exit', resolve));
    createInterface({ input: self.process.stdout }).on('line', (line) => {
      try {
        Object.assign(self.heard, JSON.parse(line));
      } catch {
        self.said += `${line}\n`;
      }
    });
    await until(`GStreamer to be connected (${self.said})`, () => {
      if (self.heard.error || self.process.exitCode !== null) throw new Error(self.heard.error ?? self.said);
      return self.heard.state === 'connected';
    }, 20_000);
    return self;
  }

  async counts() {
    return { audio: this.heard.audio, video: this.heard.video };
  }

  async close() {
    this.process.stdin.end();
    await this.exited;
  }
}
