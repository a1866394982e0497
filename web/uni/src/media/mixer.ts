/**
 * Microphone and music in one track, by Web Audio:
 *
 *   microphone -> voice gain -+-> dry --+-> bus -> sent track
 *                             +-> wet --+    (convolution with a made room)
 *                             +-> ear gain -> own speakers
 *   music ------> music gain -+-> bus
 *                             +-> own speakers
 */

import type { Mixer, MusicEvents } from '../core/host.js';
import { impulse, REVERBS } from './reverb.js';

export class BrowserMixer implements Mixer {
  readonly #context = new AudioContext();
  readonly #bus: MediaStreamAudioDestinationNode;
  readonly #voice: GainNode;
  readonly #dry: GainNode;
  readonly #wet: ConvolverNode;
  readonly #wetGain: GainNode;
  readonly #ear: GainNode;
  readonly #musicGain: GainNode;
  #microphone: { track: MediaStreamTrack; node: MediaStreamAudioSourceNode } | null = null;
  #reverb = 0;
  #music: { element: HTMLAudioElement; node: MediaElementAudioSourceNode; events: MusicEvents } | null = null;

  constructor() {
    const context = this.#context;
    const gain = (value: number): GainNode => new GainNode(context, { gain: value });
    this.#bus = new MediaStreamAudioDestinationNode(context);
    this.#voice = gain(1);
    this.#dry = gain(1);
    this.#wetGain = gain(0);
    this.#wet = new ConvolverNode(context);
    this.#ear = gain(0);
    this.#musicGain = gain(1);
    this.#voice.connect(this.#dry).connect(this.#bus);
    this.#wetGain.connect(this.#bus);
    this.#voice.connect(this.#ear).connect(context.destination);
    this.#musicGain.connect(this.#bus);
    this.#musicGain.connect(context.destination);
    void context.resume();
  }

  get track(): MediaStreamTrack {
    return this.#bus.stream.getAudioTracks()[0]!;
  }

  setMicrophone(track: MediaStreamTrack | null): void {
    if (this.#microphone?.track === track) return;
    this.#microphone?.node.disconnect();
    this.#microphone = null;
    if (!track) return;
    const node = new MediaStreamAudioSourceNode(this.#context, { mediaStream: new MediaStream([track]) });
    node.connect(this.#voice);
    this.#microphone = { track, node };
  }

  setReverb(type: number): void {
    if (type === this.#reverb) return;
    const reverb = REVERBS[type];
    if (this.#reverb !== 0) {
      this.#voice.disconnect(this.#wet);
      this.#wet.disconnect();
    }
    this.#reverb = reverb ? type : 0;
    this.#dry.gain.value = reverb ? 1 - reverb.wet / 2 : 1;
    this.#wetGain.gain.value = reverb?.wet ?? 0;
    if (!reverb) return; // unconnected, it costs nothing
    const { sampleRate } = this.#context;
    const samples = impulse(reverb, sampleRate);
    const buffer = new AudioBuffer({ length: samples.length, numberOfChannels: 1, sampleRate });
    buffer.copyToChannel(samples, 0);
    this.#wet.buffer = buffer;
    this.#voice.connect(this.#wet).connect(this.#wetGain);
  }

  setMicrophoneVolume(volume: number): void {
    this.#voice.gain.value = volume;
  }

  setMusicVolume(volume: number): void {
    this.#musicGain.gain.value = volume;
  }

  setEarMonitor(on: boolean): void {
    this.#ear.gain.value = on ? 1 : 0;
  }

  playMusic(url: string, events: MusicEvents): void {
    this.stopMusic();
    const element = new Audio();
    element.crossOrigin = 'anonymous'; // or Web Audio hands out silence for another site's file
    element.src = url;
    const node = new MediaElementAudioSourceNode(this.#context, { mediaElement: element });
    node.connect(this.#musicGain);
    const music = { element, node, events };
    this.#music = music;
    const current = (run: () => void) => (): void => {
      if (this.#music === music) run();
    };
    element.addEventListener('playing', current(() => events.started()), { once: true });
    element.addEventListener('timeupdate', current(() => (
      events.progress(Math.round(element.currentTime * 1000), Math.round((element.duration || 0) * 1000)))));
    element.addEventListener('ended', current(() => {
      this.stopMusic();
      events.completed();
    }));
    element.addEventListener('error', current(() => {
      this.stopMusic();
      events.failed(`the music cannot be played: ${element.error?.message || url}`);
    }));
    void this.#context.resume();
    element.play().catch((error: unknown) => current(() => {
      if ((error as DOMException).name !== 'NotAllowedError') return; // the error event tells the others
      this.stopMusic();
      events.failed('the browser plays no sound before the user has touched the page');
    })());
  }

  pauseMusic(): void {
    this.#music?.element.pause();
  }

  resumeMusic(): void {
    void this.#music?.element.play().catch(() => undefined);
  }

  stopMusic(): void {
    const music = this.#music;
    this.#music = null;
    if (!music) return;
    music.element.pause();
    music.node.disconnect();
    music.element.removeAttribute('src');
  }

  dispose(): void {
    this.stopMusic();
    this.setMicrophone(null);
    for (const track of this.#bus.stream.getTracks()) track.stop();
    void this.#context.close();
  }
}
