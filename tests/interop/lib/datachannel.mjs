// libdatachannel (npm node-datachannel) as a publisher and as a viewer. It carries RTP as it is given, which makes it the place to count packets.
import dc from 'node-datachannel';
import { until } from '../../e2e/lib/server.mjs';
import { WhipSession } from './whip.mjs';

export const OPUS = 111;
export const VP8 = 96;
export const H264 = 102;

const AUDIO_SSRC = 0x11111111;
const VIDEO_SSRC = 0x22222222;

/** The parts of an RTP packet (RFC 3550 section 5.1); null for RTCP. */
export function readRtp(packet) {
  if (packet.length < 12 || packet[0] >> 6 !== 2 || (packet[1] >= 192 && packet[1] <= 223)) return null;
  let at = 12 + 4 * (packet[0] & 15);
  if (packet[0] & 16) at += 4 + 4 * packet.readUInt16BE(at + 2);
  const padding = packet[0] & 32 ? packet[packet.length - 1] : 0;
  return {
    marker: packet[1] >> 7 === 1,
    payloadType: packet[1] & 127,
    seq: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payload: packet.subarray(at, packet.length - padding),
  };
}

export function writeRtp({ marker = false, payloadType, seq, timestamp, ssrc, payload }) {
  const header = Buffer.alloc(12);
  header[0] = 128;
  header[1] = (marker ? 128 : 0) | payloadType;
  header.writeUInt16BE(seq & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** A VP8 frame in one packet that says of itself that it is a key frame of 16x16, with a number and filling (RFC 7741, RFC 6386). */
export function vp8Keyframe(number, size = 600) {
  const payload = Buffer.alloc(size, number & 255);
  payload.set([0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0]);
  payload.writeUInt32BE(number >>> 0, 12);
  return payload;
}

// Kept until the end: what the collector takes while the library's threads still have something to say brings the process down.
const kept = [];

function connection(name) {
  const peer = new dc.PeerConnection(name, { iceServers: [], disableAutoNegotiation: true, forceMediaTransport: true });
  peer.onStateChange((state) => (peer.lastState = state));
  return peer;
}

async function negotiate(peer, url, options) {
  const gathered = new Promise((resolve) => peer.onGatheringStateChange((state) => state === 'complete' && resolve()));
  peer.setLocalDescription('offer');
  await gathered;
  const session = await WhipSession.open(url, peer.localDescription().sdp, options);
  peer.setRemoteDescription(session.answer, 'answer');
  return session;
}

class Client {
  constructor() {
    kept.push(this);
  }
  async connected() {
    await until(`${this.name} to be connected`, () => this.peer.lastState === 'connected');
  }
  async close() {
    await this.session?.close();
    this.peer.close();
  }
}

export class DcPublisher extends Client {
  /** `video`: VP8 or H264. */
  static async start(url, { name = 'dc-publisher', video = VP8, token } = {}) {
    const self = new DcPublisher();
    self.name = name;
    self.peer = connection(name);
    self.requests = 0;
    const audio = new dc.Audio('0', 'SendOnly');
    audio.addOpusCodec(OPUS);
    audio.addSSRC(AUDIO_SSRC, name, 'stream', 'audio');
    self.audio = self.peer.addTrack(audio);
    const picture = new dc.Video('1', 'SendOnly');
    if (video === VP8) picture.addVP8Codec(VP8);
    else picture.addH264Codec(H264);
    picture.addSSRC(VIDEO_SSRC, name, 'stream', 'video');
    self.video = self.peer.addTrack(picture);
    self.session = await negotiate(self.peer, url, { token });
    await self.connected();
    return self;
  }

  /** Passes an RTP packet of another source on, under the SSRC of the offer. */
  forward(packet, kind) {
    const out = Buffer.from(packet);
    out.writeUInt32BE(kind === 'audio' ? AUDIO_SSRC : VIDEO_SSRC, 8);
    (kind === 'audio' ? this.audio : this.video).sendMessageBinary(out);
  }

  /** Sends numbered packets of sound and pictures, `count` of each, one every 10 ms. */
  async sendNumbered(count, from = 0) {
    for (let i = from; i < from + count; i++) {
      const sound = Buffer.alloc(80, i & 255);
      sound[0] = 0xfc;
      sound.writeUInt32BE(i, 4);
      this.audio.sendMessageBinary(writeRtp({ payloadType: OPUS, seq: 1000 + i, timestamp: i * 960, ssrc: AUDIO_SSRC, payload: sound }));
      this.video.sendMessageBinary(writeRtp({ marker: true, payloadType: VP8, seq: 65500 + i, timestamp: i * 3000, ssrc: VIDEO_SSRC, payload: vp8Keyframe(i) }));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

export class DcViewer extends Client {
  static async start(url, { name = 'dc-viewer', token } = {}) {
    const self = new DcViewer();
    self.name = name;
    self.peer = connection(name);
    self.packets = { audio: [], video: [] };
    const audio = new dc.Audio('0', 'RecvOnly');
    audio.addOpusCodec(OPUS);
    const video = new dc.Video('1', 'RecvOnly');
    video.addH264Codec(H264);
    video.addVP8Codec(VP8);
    self.tracks = { audio: self.peer.addTrack(audio), video: self.peer.addTrack(video) };
    for (const kind of ['audio', 'video']) {
      self.tracks[kind].onMessage((packet) => {
        const rtp = readRtp(packet);
        if (rtp) self.packets[kind].push({ ...rtp, payload: Buffer.from(rtp.payload) });
      });
    }
    self.session = await negotiate(self.peer, url, { token });
    await self.connected();
    return self;
  }

  askForKeyframe() {
    this.tracks.video.requestKeyframe();
  }
}

/** Ends the library's threads, which would keep the process alive. */
export const endDataChannels = () => dc.cleanup();
