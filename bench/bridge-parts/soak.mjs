// Publishers and viewers that come and go, over and over: does the server grow?
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LANES = 4;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const residentKb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** For `seconds`: in each of LANES rooms one publisher and a viewer by FLV and by RTMP come, stay for `stay_ms`, and go. */
export async function soak(server, app, seconds, stay_ms) {
  const folder = mkdtempSync(join(tmpdir(), 'duet-soak-'));
  const clip = join(folder, 'clip.flv');
  const samples = [];
  try {
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=15', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '20',
      '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15', '-b:v', '300k', '-c:a', 'aac', '-f', 'flv', clip]);
    const end = Date.now() + seconds * 1000;
    let [pushes, plays] = [0, 0];
    const start = (...command) => {
      const program = spawn(...command, { stdio: 'ignore' });
      program.gone = new Promise((resolve) => program.on('close', resolve));
      return program;
    };
    const lane = async (n) => {
      for (let turn = 0; Date.now() < end; turn++) {
        const room = `soak${n}`;
        const name = `${app}_${room}_u${turn}_main`;
        const pusher = start('ffmpeg', ['-v', 'quiet', '-re', '-i', clip, '-c', 'copy', '-f', 'flv', `rtmp://127.0.0.1:${server.ports.rtmp}/push/${room}?sdkappid=${app}&userid=u${turn}`]);
        await pause(stay_ms / 3);
        const viewers = [start('curl', ['-sN', '-o', '/dev/null', new URL(`/live/${name}.flv?userid=v${turn}`, server.url).href]),
          start('rtmpdump', ['-q', '--live', '-r', `rtmp://127.0.0.1:${server.ports.rtmp}/live/${name}?userid=w${turn}`, '-o', '/dev/null'])];
        await pause(stay_ms);
        const programs = [pusher, ...viewers];
        await Promise.all(programs.map((program) => {
          program.kill('SIGKILL');
          return program.gone;
        }));
        pushes++;
        plays += viewers.length;
      }
    };
    const watch = (async () => {
      for (let i = 0; i <= 10; i++) {
        samples.push({ at_s: Math.round((i * seconds) / 10), resident_kb: residentKb(server.process.pid) });
        await pause((seconds * 1000) / 10);
      }
    })();
    await Promise.all([...Array.from({ length: LANES }, (_, n) => lane(n)), watch]);
    await pause(5000);
    return { seconds, pushes, plays, resident_kb: samples.map((s) => s.resident_kb), left: await server.counts() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
