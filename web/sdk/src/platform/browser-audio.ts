/** <audio> elements, level meters and the choice of the speaker. */

import { ERROR_CODE, RtcError } from '../errors.js';
import { keepPlaying } from './keep-playing.js';
import type { AudioElement, AudioElementEvents, LevelMeter } from './platform.js';

type SinkElement = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** One for the page: browsers allow only a few. */
let sharedContext: AudioContext | null = null;

function audioContext(): AudioContext {
  sharedContext ??= new AudioContext();
  if (sharedContext.state === 'suspended') void sharedContext.resume().catch(() => undefined);
  return sharedContext;
}

/** All players of the page, and the speaker that they share; '' = the system's choice. */
const players = new Set<BrowserAudioElement>();
let speakerId = '';

export async function setSpeaker(deviceId: string): Promise<void> {
  if (typeof (HTMLMediaElement.prototype as SinkElement).setSinkId !== 'function') {
    throw new RtcError({
      code: ERROR_CODE.ENV_NOT_SUPPORTED,
      message: 'this browser does not let pages choose the speaker; choose it in the system',
    });
  }
  const former = speakerId;
  speakerId = deviceId;
  try {
    await Promise.all([...players].map((player) => player.applySpeaker()));
  } catch (error) {
    speakerId = former;
    throw new RtcError({
      code: ERROR_CODE.DEVICE_ERROR,
      message: 'the speaker cannot be used: choose one of getSpeakerList',
      originError: error,
    });
  }
}

export class BrowserAudioElement implements AudioElement {
  readonly #events: AudioElementEvents;
  readonly #audio: SinkElement = document.createElement('audio');
  readonly #endKeeping: () => void;
  #stream: MediaStream | null = null;
  #volume = 1;
  /** Amplifies beyond 1, which elements cannot. */
  #amplifier: { source: MediaStreamAudioSourceNode; gain: GainNode } | null = null;

  constructor(events: AudioElementEvents) {
    this.#events = events;
    this.#audio.autoplay = true;
    this.#audio.style.display = 'none';
    this.#audio.addEventListener('playing', () => events.stateChanged('PLAYING'));
    this.#audio.addEventListener('pause', () => events.stateChanged('PAUSED'));
    this.#endKeeping = keepPlaying(this.#audio, () => void this.play());
    document.body.append(this.#audio); // iOS plays only what is in the page
    players.add(this);
    void this.applySpeaker().catch(() => undefined); // unplugged meanwhile: the system's choice
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#dropAmplifier();
    this.#stream = track && new MediaStream([track]);
    this.#audio.srcObject = this.#stream;
    this.#applyVolume();
    if (track) void this.play();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#applyVolume();
  }

  async play(): Promise<void> {
    if (this.#amplifier) audioContext();
    try {
      await this.#audio.play();
    } catch (error) {
      if ((error as DOMException).name === 'NotAllowedError') this.#events.blocked();
    }
  }

  async applySpeaker(): Promise<void> {
    if (this.#audio.setSinkId) await this.#audio.setSinkId(speakerId);
  }

  dispose(): void {
    players.delete(this);
    this.#endKeeping();
    this.#dropAmplifier();
    this.#audio.srcObject = null;
    this.#audio.remove();
  }

  #applyVolume(): void {
    if (this.#volume <= 1 || !this.#stream) {
      this.#dropAmplifier();
      this.#audio.muted = false;
      this.#audio.volume = Math.min(1, this.#volume);
      return;
    }
    if (!this.#amplifier) {
      const context = audioContext();
      const source = context.createMediaStreamSource(this.#stream);
      const gain = context.createGain();
      source.connect(gain).connect(context.destination);
      this.#amplifier = { source, gain };
    }
    this.#amplifier.gain.gain.value = this.#volume;
    this.#audio.muted = true; // goes on playing: Chromium feeds remote tracks to Web Audio only then
  }

  #dropAmplifier(): void {
    this.#amplifier?.source.disconnect();
    this.#amplifier?.gain.disconnect();
    this.#amplifier = null;
  }
}

export class BrowserLevelMeter implements LevelMeter {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #context: AudioContext;
  #readAt_s: number;

  constructor(track: MediaStreamTrack) {
    const context = audioContext();
    this.#context = context;
    this.#readAt_s = context.currentTime;
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 32_768; // the longest window there is
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const { currentTime, sampleRate } = this.#context;
    const block = Math.round(sampleRate * 0.02);
    const fresh = Math.min(this.#samples.length, Math.round((currentTime - this.#readAt_s) * sampleRate));
    this.#readAt_s = currentTime;
    let loudest = 0;
    for (let end = this.#samples.length; end - block >= this.#samples.length - fresh; end -= block) {
      let sum = 0;
      for (let i = end - block; i < end; i++) sum += this.#samples[i]! ** 2;
      loudest = Math.max(loudest, sum / block);
    }
    return Math.min(1, Math.sqrt(loudest));
  }

  dispose(): void {
    this.#source.disconnect();
    this.#analyser.disconnect();
  }
}
