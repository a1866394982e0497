// A viewer of an address: keeps each tag of the FLV with the time at which it came, and reads clocks and tones out of them afterwards.
import { spawn } from 'node:child_process';
import { CLOCK } from '../../tests/e2e/lib/rig-page.mjs';
import { RATE, flips } from './sound.mjs';
import { CAMERA, readClock } from './phone.mjs';

const TAG_HEAD = 11;

/** Feeds bytes to FFmpeg and gives what it writes. */
export function convert(input, args) {
  return new Promise((resolve, reject) => {
    const out = [];
    const program = spawn('ffmpeg', ['-hide_banner', '-v', 'error', '-f', 'flv', '-i', '-', ...args, '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
    program.stdout.on('data', (data) => out.push(data));
    program.on('error', reject);
    program.on('close', () => resolve(Buffer.concat(out)));
    program.stdin.on('error', () => undefined);
    program.stdin.end(input);
  });
}

export class FlvViewer {
  /** HTTP-FLV by curl, RTMP by rtmpdump, which hand on what comes as it comes. */
  constructor(url) {
    this.began = Date.now();
    this.tags = [];
    this.bytes = [];
    let rest = Buffer.alloc(0);
    let header = false;
    const [program, args] = url.startsWith('rtmp') ? ['stdbuf', ['-o0', 'rtmpdump', '-q', '--live', '-b', '0', '-r', url, '-o', '-']] : ['curl', ['-sN', url]];
    this.process = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.exited = new Promise((resolve) => this.process.on('close', resolve));
    this.process.stdout.on('data', (data) => {
      const at = Date.now();
      this.bytes.push(data);
      rest = Buffer.concat([rest, data]);
      if (!header && rest.length >= 13) {
        header = true;
        rest = rest.subarray(13);
      }
      while (header && rest.length >= TAG_HEAD) {
        const size = rest.readUIntBE(1, 3);
        if (rest.length < TAG_HEAD + size + 4) break;
        const [type, first, second] = [rest[0], rest[TAG_HEAD], rest[TAG_HEAD + 1]];
        const time = rest.readUIntBE(4, 3) + rest[7] * 2 ** 24;
        // Frames and not configurations: those have a 0 behind the first byte.
        if ((type === 8 || type === 9) && second === 1) this.tags.push({ at, video: type === 9, keyframe: type === 9 && first >> 4 === 1, time });
        rest = rest.subarray(TAG_HEAD + size + 4);
      }
    });
  }

  first() { return this.tags.find((tag) => tag.keyframe) ?? null; }

  async stop() {
    this.process.kill();
    await this.exited;
  }

  /** {frames: [{at, delay, frame, offset}], tones: [{offset}]}: `offset` = timestamp in the stream less the clock that was seen or heard. */
  async read() {
    const flv = Buffer.concat(this.bytes);
    const strip = await convert(flv, ['-map', '0:v:0', '-vsync', 'passthrough', '-vf',
      `crop=iw:ih*${CLOCK.rows * CLOCK.blockHeight}/${CAMERA.height}:0:0,scale=${CLOCK.columns * 4}:${CLOCK.rows * 4}:flags=area,format=gray`, '-f', 'rawvideo']);
    const video = this.tags.filter((tag) => tag.video);
    const size = CLOCK.columns * 4 * CLOCK.rows * 4;
    const frames = video.flatMap((tag, i) => {
      const clock = (i + 1) * size <= strip.length ? readClock(strip.subarray(i * size, (i + 1) * size)) : null;
      if (!clock) return [];
      const delay = ((Math.floor(tag.at) & 0xffffff) - clock.time + 0x1000000) % 0x1000000;
      const drawnAt = tag.at - delay;
      return delay < 60_000 ? [{ at: tag.at, delay, frame: clock.frame, offset: tag.time - drawnAt }] : [];
    });
    const audio = this.tags.filter((tag) => !tag.video);
    const samples = await this.samples(flv);
    // Sample n belongs to the (n / 1024)th frame of AAC. The tone changes at whole seconds of the clock, which the pictures say roughly.
    const about = frames.length ? frames[frames.length >> 1].offset : 0;
    const tones = flips(samples).flatMap(({ sample, high }) => {
      const tag = audio[Math.floor(sample / 1024)];
      if (!tag) return [];
      const time = tag.time + ((sample % 1024) * 1000) / RATE;
      const heard = time - about; // the clock, if sound and picture were together
      const second = (2000 + heard - (high ? 0 : 1000)) % 2000;
      return [{ at: tag.at, offset: about + (second > 1000 ? second - 2000 : second) }];
    });
    return { frames, tones };
  }

  async samples(flv = Buffer.concat(this.bytes)) {
    const pcm = await convert(flv, ['-map', '0:a:0', '-af', 'pan=mono|c0=c0', '-f', 'f32le']);
    return new Float32Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + (pcm.length & ~3)));
  }
}
