// Real sound and pictures as RTP packets, made by ffmpeg, for publishers that carry packets and have no encoder.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';

export class RtpSource {
  /** `onPacket(packet, kind)` is called for each packet, kind "audio" (Opus) or "video" (H.264 constrained baseline). */
  static async start(onPacket, { audioPayload = 111, videoPayload = 102 } = {}) {
    const self = new RtpSource();
    self.sockets = [];
    const listen = (kind) => new Promise((resolve) => {
      const socket = createSocket('udp4');
      self.sockets.push(socket);
      // RTCP of ffmpeg goes to the next port, where nobody is.
      socket.on('message', (packet) => onPacket(packet, kind));
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port));
    });
    const [audio, video] = [await listen('audio'), await listen('video')];
    self.process = spawn('ffmpeg', [
      '-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-re', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15',
      '-map', '0:a', '-c:a', 'libopus', '-ac', '2', '-b:a', '32k', '-payload_type', String(audioPayload), '-f', 'rtp', `rtp://127.0.0.1:${audio}?pkt_size=1200`,
      '-map', '1:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '15', '-x264-params', 'repeat-headers=1',
      '-b:v', '300k', '-payload_type', String(videoPayload), '-f', 'rtp', `rtp://127.0.0.1:${video}?pkt_size=1200`,
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    self.said = '';
    self.process.stderr.on('data', (text) => (self.said += text));
    self.exited = new Promise((resolve) => self.process.on('exit', resolve));
    return self;
  }

  async stop() {
    this.process.kill();
    await this.exited;
    for (const socket of this.sockets) socket.close();
  }
}
