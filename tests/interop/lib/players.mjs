// Other programs that push and play RTMP and FLV: GStreamer, nginx with its RTMP module, mpegts.js in Chromium.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './ffmpeg.mjs';
import { emptySite } from './chromium.mjs';

const here = dirname(fileURLToPath(import.meta.url));

export function gstreamer(pipeline) {
  return new Program('/usr/bin/python3', [join(here, 'gst-launch.py'), pipeline]);
}

/** Green pictures and a tone of 700 Hz. */
export const gstPush = (url) => gstreamer(`flvmux name=mux streamable=true ! rtmp2sink location="${url}"
  videotestsrc is-live=true pattern=green ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bframes=0 ! h264parse ! queue ! mux.
  audiotestsrc is-live=true freq=700 volume=0.5 ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_aac ! aacparse ! queue ! mux.`);

/** Writes what it plays into a file, as FLV. */
export const gstPlay = (url, file) => gstreamer(`rtmp2src location="${url}" ! filesink location="${file}"`);

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** nginx that pulls a stream as soon as somebody plays it from there. */
export class Nginx {
  static async start({ port, playPath }) {
    const self = new Nginx();
    self.directory = mkdtempSync(join(tmpdir(), 'duet-nginx-'));
    for (const name of ['logs', 'tmp']) mkdirSync(join(self.directory, name));
    const own = await freePort();
    self.url = `rtmp://127.0.0.1:${own}/relay/pulled`;
    const config = join(self.directory, 'nginx.conf');
    writeFileSync(config, `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
worker_processes 1;
pid ${self.directory}/nginx.pid;
error_log ${self.directory}/logs/error.log info;
events { worker_connections 64; }
rtmp { server { listen 127.0.0.1:${own}; application relay { live on; pull rtmp://127.0.0.1:${port} app=live "playPath=${playPath}" name=pulled; } } }
`);
    self.program = new Program('nginx', ['-p', self.directory, '-c', config]);
    return self;
  }
  async stop() {
    await this.program.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** mpegts.js on a page of another origin; `look` says what it shows. */
export class MpegtsPlayer {
  static async start(browser, url) {
    const self = new MpegtsPlayer();
    self.page = await browser.newPage({ ignoreHTTPSErrors: true });
    await self.page.goto(await emptySite());
    await self.page.addScriptTag({ path: createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js') });
    await self.page.evaluate((from) => {
      const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true }));
      const player = window.mpegts.createPlayer({ type: 'flv', isLive: true, url: from }, { enableStashBuffer: false, liveBufferLatencyChasing: true });
      window.errors = [];
      player.on('error', (kind, detail, what) => window.errors.push(`${kind} ${detail} ${what?.msg ?? ''}`));
      player.attachMediaElement(video);
      player.load();
      player.play();
    }, url);
    return self;
  }
  look() {
    return this.page.evaluate(() => {
      const video = document.querySelector('video');
      const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
      canvas.getContext('2d').drawImage(video, 0, 0, 1, 1);
      return { color: [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data.slice(0, 3)], time: video.currentTime, errors: window.errors };
    });
  }
  close() { return this.page.close(); }
}
