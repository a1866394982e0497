// "The phone": FFmpeg pushing a picture with a clock in it and a tone that tells the time, made while it is pushed. The same clock and tones as those
// of a page's rig (tests/e2e/lib/rig-page.mjs), which reads them.
import { spawn } from 'node:child_process';
import { CLOCK } from '../../tests/e2e/lib/rig-page.mjs';

export const CAMERA = { width: 480, height: 360, fps: 15 };
export const TONES = { low: 500, high: 1500 };
const RATE = 48_000;
const CHUNK_MS = 20;

const check = (time, frame) => (time ^ (time >>> 8) ^ (time >>> 16) ^ frame ^ (frame >>> 8)) & 0xff;
const bitOf = (value, column) => (value >>> (CLOCK.columns - 1 - column)) & 1;

/** Pictures of the clock as yuv420p, over noise that moves. */
class Painter {
  constructor({ width, height }) {
    Object.assign(this, { width, height });
    this.noise = Buffer.alloc(2 * width * height);
    for (let y = 0; y < 2 * height; y += 12) {
      for (let x = 0; x < width; x += 12) {
        const luma = 60 + Math.random() * 130;
        for (let dy = 0; dy < 12 && y + dy < 2 * height; dy++) this.noise.fill(luma, (y + dy) * width + x, (y + dy) * width + Math.min(x + 12, width));
      }
    }
  }

  paint(time, frame) {
    const { width, height } = this;
    const picture = Buffer.alloc((width * height * 3) / 2, 128);
    const from = ((frame * 2) % height) * width;
    this.noise.copy(picture, 0, from, from + width * height);
    for (const [row, value] of [time & 0xffffff, ((frame << 8) | check(time, frame)) >>> 0].entries()) {
      for (let i = 0; i < CLOCK.columns; i++) {
        const [left, right] = [i, i + 1].map((column) => Math.round((column * width) / CLOCK.columns));
        for (let y = row * CLOCK.blockHeight; y < (row + 1) * CLOCK.blockHeight; y++) picture.fill(bitOf(value, i) ? 235 : 16, y * width + left, y * width + right);
      }
    }
    return picture;
  }
}

/** What Phone paints and rigs draw, out of a decoded strip of CLOCK.columns x CLOCK.rows blocks of 4 x 4 grey pixels; null where it cannot be read. */
export function readClock(strip) {
  const width = CLOCK.columns * 4;
  const [time, rest] = [0, 1].map((row) => {
    let value = 0;
    for (let i = 0; i < CLOCK.columns; i++) {
      let sum = 0;
      for (const dy of [1, 2]) for (const dx of [1, 2]) sum += strip[(row * 4 + dy) * width + i * 4 + dx];
      value = value * 2 + (sum > 4 * 127 ? 1 : 0);
    }
    return value;
  });
  const frame = rest >>> 8;
  return check(time, frame) === (rest & 0xff) ? { time, frame } : null;
}

export class Phone {
  /** `tone`: Hz; without it the tone is high in every even second of the clock and low in every odd one. */
  constructor(url, { tone, keyframeSeconds = 1 } = {}) {
    const { width, height, fps } = CAMERA;
    this.tone = tone;
    this.drawn = 0;
    this.skipped = 0;
    this.said = '';
    this.process = spawn('ffmpeg', ['-hide_banner', '-v', 'warning',
      '-probesize', '32', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', String(fps), '-thread_queue_size', '64', '-i', 'pipe:0',
      '-probesize', '32', '-f', 's16le', '-ar', String(RATE), '-ac', '1', '-thread_queue_size', '64', '-i', 'pipe:3',
      '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(fps * keyframeSeconds), '-bf', '0', '-b:v', '600k', '-maxrate', '800k', '-bufsize', '400k',
      '-c:a', 'aac', '-ar', String(RATE), '-b:a', '96k', '-flush_packets', '1', '-f', 'flv', url], { stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
    this.process.stderr.on('data', (text) => (this.said += text));
    for (const pipe of [this.process.stdin, this.process.stdio[3]]) pipe.on('error', () => undefined);
    this.exited = new Promise((resolve) => this.process.on('close', resolve));
    this.#record();
  }

  #record() {
    const painter = new Painter(CAMERA);
    const start = Date.now();
    let [frames, samples, phase] = [0, 0, 0];
    this.timer = setInterval(() => {
      const passed = Date.now() - start;
      // The clock says when the picture was due, which its timestamp says, too. A full pipe takes the frame as it is: FFmpeg counts them.
      for (; (frames * 1000) / CAMERA.fps <= passed; frames++) {
        this.process.stdin.write(painter.paint(Math.floor(start + (frames * 1000) / CAMERA.fps), frames & 0xffff));
        this.drawn++;
      }
      for (; ((samples / RATE) * 1000) + CHUNK_MS <= passed; ) {
        const chunk = Buffer.alloc((RATE * CHUNK_MS * 2) / 1000);
        for (let i = 0; i < chunk.length; i += 2, samples++) {
          const second = Math.floor((start + (samples * 1000) / RATE) / 1000);
          phase += (2 * Math.PI * (this.tone ?? (second % 2 === 0 ? TONES.high : TONES.low))) / RATE;
          chunk.writeInt16LE(Math.round(0.3 * 32767 * Math.sin(phase)), i);
        }
        this.process.stdio[3].write(chunk);
      }
    }, 4);
  }

  async stop() {
    clearInterval(this.timer);
    this.process.stdin.end();
    this.process.stdio[3].end();
    setTimeout(() => this.process.kill('SIGKILL'), 3000).unref();
    await this.exited;
  }
}
