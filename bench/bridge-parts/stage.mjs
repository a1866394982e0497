// A room with a pushing "phone", a call page behind the relay, and viewers of the page's stream by FLV and RTMP.
import { Caller, launchBrowser } from '../../tests/e2e/lib/browser.mjs';
import { quantile, round } from '../../tests/e2e/lib/meter.mjs';
import { Relay } from '../../tests/e2e/lib/relay.mjs';
import { CLOCK, installRig } from '../../tests/e2e/lib/rig-page.mjs';
import { until } from '../../tests/e2e/lib/server.mjs';
import { FlvViewer } from './flv-viewer.mjs';
import { CAMERA, Phone } from './phone.mjs';
import { toneReport } from './sound.mjs';
import { TcpRoad } from './tcp-road.mjs';

export const APP = 1400000001; // the development app
const ROOM = '1234';
const SETTLE_SECONDS = 5;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** In the page: a steady tone in the place of the rig's, and the samples of the voice that is received. */
function installTone(hz) {
  const { getUserMedia } = navigator.mediaDevices;
  const own = getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await own({ video: wish.video });
    if (!wish.audio) return stream;
    const context = new AudioContext({ sampleRate: 48000 });
    const out = new MediaStreamAudioDestinationNode(context);
    const tone = new OscillatorNode(context, { frequency: hz });
    tone.connect(new GainNode(context, { gain: 0.3 })).connect(out);
    tone.start();
    for (const track of out.stream.getAudioTracks()) stream.addTrack(track);
    return stream;
  };
  window.recordVoice = async (seconds) => {
    const [receiver] = window.rig.connection().getReceivers().filter(({ track }) => track.kind === 'audio' && !track.muted);
    const reader = new MediaStreamTrackProcessor({ track: receiver.track }).readable.getReader();
    const samples = new Float32Array(seconds * 48000);
    let filled = 0;
    while (filled < samples.length) {
      const { value: data } = await reader.read();
      const part = new Float32Array(data.numberOfFrames);
      data.copyTo(part, { planeIndex: 0, format: 'f32-planar' });
      samples.set(part.subarray(0, samples.length - filled), filled);
      filled = Math.min(samples.length, filled + part.length);
      data.close();
    }
    reader.cancel();
    let text = '';
    const bytes = new Uint8Array(samples.buffer);
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  };
}

export class Stage {
  constructor(server) {
    this.server = server;
    this.viewers = [];
  }

  /** `loss`: % of the page's packets; `tone`: Hz of a steady tone both ways; `stallable`: the phone's connection goes by `road`. */
  async open({ loss = 0, tone, stallable = false } = {}) {
    this.road = stallable ? await TcpRoad.to(this.server.ports.rtmp) : undefined;
    this.relay = await Relay.start(this.server.ports, { clients: 1 });
    this.browser = await launchBrowser();
    this.page = new Caller(this.browser, 'pc');
    this.phone = new Phone(`rtmp://127.0.0.1:${this.road?.port ?? this.server.ports.rtmp}/push/${ROOM}?sdkappid=${APP}&userid=phone&use_number_room_id=1`, { tone });
    await until('the phone to be in the room', async () => (await this.server.counts()).members === 1);
    await pause(2);
    const rig = { mediaPort: this.relay.mediaPort(0), camera: CAMERA, clock: CLOCK, ownDevices: true };
    await this.page.open({ url: this.relay.url(0) }, { roomID: ROOM, template: '1v1' },
      { viewport: { width: 480, height: 520 }, context: { bypassCSP: true }, init: [[installRig, rig], ...(tone ? [[installTone, tone]] : [])] });
    this.entering = Date.now();
    await this.page.join();
    await this.page.waitMedia(30_000);
    if (loss) await this.relay.say(`all both loss ${loss}`);
  }

  url(protocol) {
    const name = `${APP}_${ROOM}_pc_main`;
    return protocol === 'flv' ? new URL(`/live/${name}.flv?userid=viewer`, this.server.url).href : `rtmp://127.0.0.1:${this.server.ports.rtmp}/live/${name}?userid=viewer`;
  }

  async view(protocol, url = this.url(protocol)) {
    const viewer = new FlvViewer(url);
    this.viewers.push(viewer);
    await until(`the first picture by ${protocol}`, () => viewer.first(), 30_000);
    return viewer;
  }

  /** Figures of each direction, measured for `seconds` at once. */
  async delays(seconds) {
    const viewers = { webrtc_to_flv: await this.view('flv'), webrtc_to_rtmp: await this.view('rtmp') };
    await pause(SETTLE_SECONDS);
    const from = Date.now();
    await pause(seconds);
    const to = Date.now();
    await pause(1); // what is on its way
    const shown = await this.page.page.evaluate(() => [window.rig.frames, window.rig.tones]);
    const within = ({ at }) => at >= from && at <= to;
    const frames = shown[0].map(([at, delay, frame]) => ({ at, delay, frame })).filter((f) => within(f) && f.delay !== null);
    const tones = shown[1].map(([at, delay]) => ({ at, delay: delay > 1000 ? delay - 2000 : delay })).filter(within);
    const directions = {
      rtmp_to_webrtc: {
        ...delayFigures(frames),
        av_offset_ms: offset(tones.map((t) => t.delay), frames.map((f) => f.delay)),
        first_frame_ms: Math.round(shown[0][0][0] - this.entering),
      },
    };
    for (const [name, viewer] of Object.entries(viewers)) {
      await viewer.stop();
      const seen = await viewer.read();
      const [pictures, flips] = [seen.frames.filter(within), seen.tones.filter(within)];
      directions[name] = {
        ...delayFigures(pictures),
        av_offset_ms: offset(flips.map((t) => t.offset), pictures.map((f) => f.offset)),
        first_frame_ms: viewer.first().at - viewer.began,
      };
    }
    return directions;
  }

  /** A steady tone of `seconds` in each direction. */
  async tones(seconds) {
    const viewer = await this.view('flv');
    await pause(SETTLE_SECONDS);
    const mark = viewer.tags.length;
    const text = await this.page.page.evaluate((s) => window.recordVoice(s), seconds);
    const bytes = Buffer.from(text, 'base64');
    const heard = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    await viewer.stop();
    const all = await viewer.samples();
    const begin = viewer.tags.slice(0, mark).filter((tag) => !tag.video).length * 1024;
    return { rtmp_to_webrtc: toneReport(heard, 1000), webrtc_to_flv: toneReport(all.subarray(begin), 1000) };
  }

  async close() {
    await Promise.all(this.viewers.map((viewer) => viewer.stop()));
    await this.phone?.stop();
    await this.browser?.close();
    await this.relay?.stop();
    this.road?.close();
  }
}

export function delayFigures(frames) {
  const numbers = frames.map(({ frame }) => frame);
  const span = numbers.length ? ((numbers.at(-1) - numbers[0] + 0x10000) & 0xffff) + 1 : 0;
  return {
    delay_ms_p50: quantile(frames.map((f) => f.delay), 0.5),
    delay_ms_p95: quantile(frames.map((f) => f.delay), 0.95),
    frames: numbers.length,
    frames_lost: Math.max(0, span - new Set(numbers).size),
  };
}

/** How much later the sound is than the picture, ms; null when one of them is not there. */
function offset(sound, picture) {
  const [heard, seen] = [quantile(sound, 0.5), quantile(picture, 0.5)];
  return heard === null || seen === null ? null : round(heard - seen);
}
