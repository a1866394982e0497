// trtc-room's mini program side in Node: the component's own code, the stand-in for WeChat's platform and tags from its unit tests, a real
// WebSocket, and FFmpeg as what moves the media. No phone is here, nor WeChat's tags: what they do beyond their documentation is not tried.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import WebSocket from 'ws';
import { root } from '../../e2e/lib/server.mjs';

let loaded;
/** The class Phone of web/uni/test/fakes/phone.ts, built for Node. */
async function phoneClass() {
  loaded ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'duet-phone-'));
    const outfile = join(folder, 'phone.mjs');
    await build({
      entryPoints: [join(root, 'web/uni/test/fakes/phone.ts')], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node18', logLevel: 'error',
      alias: { '@duet/sdk/signal': join(root, 'web/sdk/src/signal/index.ts') }, define: { __DUET_VERSION__: '"test"' },
    });
    try {
      return (await import(pathToFileURL(outfile).href)).Phone;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  })();
  return loaded;
}

/** Sockets as the platform's, over the network. */
function dial(url, listener) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('open', () => listener.open());
  socket.on('message', (data) => listener.message(String(data)));
  socket.on('close', (code) => listener.close(code));
  socket.on('error', (error) => listener.error(`connectSocket:fail ${error.message}`));
  return { send: (text) => socket.readyState === WebSocket.OPEN && socket.send(text), close: () => socket.close() };
}

/** FFmpeg behind the tags. The picture is of one colour, the sound one tone. */
class FfmpegEngine {
  constructor({ color, tone }) {
    this.color = color;
    this.tone = tone;
    this.programs = new Set();
    /** What the newest player of an address got, as FLV: {url, bytes: Buffer[], size}. */
    this.players = [];
    this.said = '';
  }

  #run(args, ended) {
    const program = spawn('ffmpeg', ['-hide_banner', '-v', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.programs.add(program);
    program.stderr.on('data', (text) => { this.said += text; });
    program.on('close', () => {
      this.programs.delete(program);
      ended();
    });
    return program;
  }

  push(url, { camera, mic }, tell) {
    const args = ['-progress', 'pipe:1', '-stats_period', '0.1'];
    if (camera) args.push('-re', '-f', 'lavfi', '-i', `color=${this.color}:size=320x240:rate=15`);
    if (mic) args.push('-re', '-f', 'lavfi', '-i', `sine=frequency=${this.tone}:sample_rate=16000,volume=4`);
    if (camera) args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '30', '-bf', '0', '-b:v', '200k');
    if (mic) args.push('-c:a', 'aac', '-ar', '16000', '-ac', '1', '-b:a', '48k');
    let flows = false;
    const program = this.#run([...args, '-f', 'flv', url], () => tell(flows ? 3004 : 3002));
    program.stdout.on('data', (text) => {
      if (flows || !/out_time_us=[1-9]/.test(text)) return;
      flows = true;
      for (const code of [1001, 1002, ...(camera ? [1007] : [])]) tell(code);
    });
    return () => program.kill('SIGTERM');
  }

  play(url, tell) {
    const player = { url, bytes: [], size: 0, alive: true };
    this.players.push(player);
    const program = this.#run(
      ['-analyzeduration', '10000000', ...(url.startsWith('https:') ? ['-tls_verify', '0'] : []), '-i', url, '-c', 'copy', '-f', 'flv', '-flvflags', 'no_duration_filesize', '-'],
      () => {
        player.alive = false;
        tell(player.size > 0 ? 3005 : 3002);
      });
    player.kill = () => program.kill('SIGKILL');
    program.stdout.on('data', (data) => {
      if (player.size === 0) for (const code of [2001, 2002, 2003, 2004, 2032]) tell(code);
      player.bytes.push(data);
      player.size += data.length;
    });
    return () => program.kill('SIGTERM');
  }

  async end() {
    await Promise.all([...this.programs].map((program) => new Promise((resolve) => {
      program.on('close', resolve);
      program.kill('SIGKILL');
    })));
  }
}

/** A phone with a mini program in it. `server`: a DuetServer; its development app signs. */
export async function miniPhone(server, userID, { color = 'red', tone = 1000 } = {}) {
  const Phone = await phoneClass();
  const engine = new FfmpegEngine({ color, tone });
  const phone = new Phone(dial, { engine });
  phone.setup = {
    environments: { PRO: { server: server.url } },
    getUserSig: async () => {
      const { userSig, sdkAppId } = await server.userSig(userID);
      return { userSig, sdkAppID: sdkAppId };
    },
  };
  /** The player of the other one: the newest. */
  Object.defineProperty(phone, 'player', { get: () => engine.players.at(-1) });
  return Object.assign(phone, {
    engine,
    userID,
    enter: (params) => phone.room.enterRoom({ userID, template: '1v1', ...params }),
    /** Camera and microphone on. */
    async call(params) {
      await phone.room.enterRoom({ userID, template: '1v1', ...params });
      await Promise.all([phone.methods.publishLocalVideo(), phone.methods.publishLocalAudio()]);
    },
    async close() {
      phone.dispose();
      await engine.end();
    },
  });
}
