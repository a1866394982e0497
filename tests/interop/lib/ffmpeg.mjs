// FFmpeg and its relatives as encoders and players of RTMP and FLV, and what is heard and seen in what they got.
import { spawn } from 'node:child_process';
import { until } from '../../e2e/lib/server.mjs';

/** A program whose output is kept; `binary` keeps what it writes to stdout as bytes. */
export class Program {
  constructor(command, args, { binary = false } = {}) {
    this.name = command;
    this.said = '';
    this.bytes = [];
    this.size = 0;
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (data) => {
      if (!binary) return void (this.said += data);
      this.bytes.push(data);
      this.size += data.length;
    });
    this.process.stderr.on('data', (data) => (this.said += data));
    this.exited = new Promise((resolve) => this.process.on('close', (code, signal) => resolve({ code, signal })));
  }
  get running() { return this.process.exitCode === null && this.process.signalCode === null; }
  output() { return Buffer.concat(this.bytes); }
  async stop(signal = 'SIGTERM') {
    if (this.running) this.process.kill(signal);
    return this.exited;
  }
  async done(ms = 30_000) {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), ms);
    const result = await this.exited;
    clearTimeout(timer);
    return result;
  }
}

/**
 * Pushes a picture of one colour and a tone until it is stopped. `color`: of FFmpeg; `tone`: Hz; `seconds`: ends by itself; `audioAfter`: the sound begins so
 * many seconds later.
 */
export function push(url, { color = 'red', tone = 1000, rate = 48000, channels = 2, bframes = 0, audio = true, video = true, size = '320x240', fps = 25, seconds, audioAfter = 0 } = {}) {
  const args = ['-hide_banner', '-v', 'warning'];
  if (video) args.push('-re', '-f', 'lavfi', '-i', `color=${color}:size=${size}:rate=${fps}`);
  if (audio) args.push('-re', ...(audioAfter ? ['-itsoffset', String(audioAfter)] : []), '-f', 'lavfi', '-i', `sine=frequency=${tone}:sample_rate=${rate},volume=4`);
  if (seconds) args.push('-t', String(seconds));
  if (video) args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', bframes ? 'fastdecode' : 'zerolatency', '-pix_fmt', 'yuv420p', '-g', String(fps), '-bf', String(bframes), '-b:v', '300k');
  if (audio) args.push('-c:a', 'aac', '-ar', String(rate), '-ac', String(channels), '-b:a', '96k');
  return new Program('ffmpeg', [...args, '-f', 'flv', url]);
}

/** Plays for `seconds` of the stream and gives what was heard and seen. */
export async function play(url, { seconds = 3, input = [], patience = 30_000 } = {}) {
  const player = new Program('ffmpeg', ['-hide_banner', '-v', 'error', ...input, '-i', url, '-t', String(seconds), '-c', 'copy', '-f', 'flv', '-flvflags', 'no_duration_filesize', '-'], { binary: true });
  await player.done(patience);
  const flv = player.output();
  if (flv.length < 1000) throw new Error(`the player got ${flv.length} bytes of ${url.replace(/\?.*/, '')}: ${player.said}`);
  return { flv, said: player.said, ...(await examine(flv)) };
}

function feed(args, bytes) {
  return new Promise((resolve, reject) => {
    const out = [];
    let said = '';
    const program = spawn('ffmpeg', ['-hide_banner', '-v', 'error', '-f', 'flv', '-i', '-', ...args, '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
    program.stdout.on('data', (data) => out.push(data));
    program.stderr.on('data', (data) => (said += data));
    program.on('error', reject);
    program.on('close', () => resolve({ bytes: Buffer.concat(out), said }));
    program.stdin.on('error', () => {});
    program.stdin.end(bytes);
  });
}

/** Decodes an FLV: {tone: Hz of the strongest tone, level: its amplitude 0..1, colors: [[r,g,b] of each picture], errors}. */
export async function examine(flv) {
  const sound = await feed(['-map', '0:a:0?', '-ac', '1', '-ar', '48000', '-f', 'f32le'], flv);
  const picture = await feed(['-map', '0:v:0?', '-vf', 'scale=1:1:flags=area', '-pix_fmt', 'rgb24', '-f', 'rawvideo'], flv);
  const samples = new Float32Array(sound.bytes.buffer.slice(sound.bytes.byteOffset, sound.bytes.byteOffset + (sound.bytes.length & ~3)));
  const colors = [];
  for (let i = 0; i + 2 < picture.bytes.length; i += 3) colors.push([...picture.bytes.subarray(i, i + 3)]);
  return { samples, ...strongestTone(samples), colors, errors: `${sound.said.includes('matches no streams') ? '' : sound.said}${picture.said}` };
}

/** Amplitude of a frequency (Goertzel's algorithm). */
export function toneLevel(samples, frequency, rate = 48000) {
  const step = (2 * Math.PI * frequency) / rate;
  let [real, imaginary] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    real += samples[i] * Math.cos(step * i);
    imaginary += samples[i] * Math.sin(step * i);
  }
  return samples.length ? (2 * Math.hypot(real, imaginary)) / samples.length : 0;
}

/** Of the second half, in steps of 20 Hz. */
export function strongestTone(samples) {
  const part = samples.subarray(samples.length >> 1).subarray(0, 24000);
  let [tone, level] = [0, 0];
  for (let hz = 100; hz <= 3000; hz += 20) {
    const found = toneLevel(part, hz);
    if (found > level) [tone, level] = [hz, found];
  }
  return { tone, level };
}

export const isRed = ([r, g, b]) => r > 180 && g < 70 && b < 70;
export const isGreen = ([r, g, b]) => r < 70 && g > 90 && b < 70;

export async function pushing(program) {
  await until(`${program.name} to be pushing`, () => program.running);
  return program;
}
