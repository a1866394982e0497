/** A browser that does what the test says: devices, timers, visibility. */

import type { CameraWish, Host, Look, MicrophoneWish, Mixer, MusicEvents, Optics, PageState, PicturePass, Still } from '../../src/core/host.js';
import { FakeClient, FakeTrack } from './client.js';

export class FakeMixer implements Mixer {
  readonly log: string[] = [];
  readonly fakeTrack = new FakeTrack('audio', 'mixed');
  readonly track = this.fakeTrack.asTrack();
  music: MusicEvents | null = null;
  disposed = false;

  setMicrophone(track: MediaStreamTrack | null): void { this.log.push(`microphone ${track ? (track as unknown as FakeTrack).label : 'none'}`); }
  setReverb(type: number): void { this.log.push(`reverb ${type}`); }
  setMicrophoneVolume(volume: number): void { this.log.push(`voice ${volume}`); }
  setMusicVolume(volume: number): void { this.log.push(`music ${volume}`); }
  setEarMonitor(on: boolean): void { this.log.push(`ear ${on}`); }
  playMusic(url: string, events: MusicEvents): void {
    this.log.push(`play ${url}`);
    this.music = events;
  }
  pauseMusic(): void { this.log.push('pause'); }
  resumeMusic(): void { this.log.push('resume'); }
  stopMusic(): void { this.log.push('stop'); }
  dispose(): void { this.disposed = true; }
}

export class FakeHost implements Host {
  readonly clients: FakeClient[] = [];
  readonly cameras: Array<{ wish: CameraWish; track: FakeTrack }> = [];
  readonly microphones: Array<{ wish: MicrophoneWish; track: FakeTrack }> = [];
  readonly passes: Array<{ looks: Look[]; track: FakeTrack; disposed: boolean }> = [];
  readonly mixers: FakeMixer[] = [];
  readonly soundModes: string[] = [];
  phone = true;
  online = true;
  /** null = cameras cannot zoom. */
  zoom: { min: number; max: number; value: number } | null = { min: 1, max: 8, value: 1 };
  readonly opticsLog: string[] = [];
  /** What the devices reject with. */
  cameraError: unknown = null;
  microphoneError: unknown = null;
  /** What opening a camera waits for. */
  cameraGate: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(state: PageState) => void>();
  #timers: Array<{ at: number; fire: () => void }> = [];
  #now = 0;

  get client(): FakeClient {
    const client = this.clients[0];
    if (!client) throw new Error('no client was made');
    return client;
  }

  origin(): string { return 'https://page.test'; }
  isPhone(): boolean { return this.phone; }
  isOnline(): boolean { return this.online; }

  setTimer(delay_ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + delay_ms, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async advance(delay_ms: number): Promise<void> {
    this.#now += delay_ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { fire } of due) fire();
    await settle();
  }

  onPage(listener: (state: PageState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly gestures = new Set<() => void>();

  onGesture(run: () => void): () => void {
    this.gestures.add(run);
    return () => this.gestures.delete(run);
  }

  async page(state: PageState): Promise<void> {
    for (const listener of [...this.#listeners]) listener(state);
    await settle();
  }

  createClient() {
    const client = new FakeClient();
    this.clients.push(client);
    return client.client;
  }

  async openCamera(wish: CameraWish): Promise<MediaStreamTrack> {
    await this.cameraGate;
    if (this.cameraError) throw this.cameraError;
    const track = new FakeTrack('video', wish.front ? 'front' : 'back');
    this.cameras.push({ wish, track });
    return track.asTrack();
  }

  async openMicrophone(wish: MicrophoneWish): Promise<MediaStreamTrack> {
    if (this.microphoneError) throw this.microphoneError;
    const track = new FakeTrack('audio', 'microphone');
    this.microphones.push({ wish, track });
    return track.asTrack();
  }

  optics(camera: MediaStreamTrack): Optics {
    const { label } = camera as unknown as FakeTrack;
    return {
      zoomRange: () => this.zoom,
      setZoom: (value) => void this.opticsLog.push(`${label} zoom ${value}`),
      setAutoFocus: (on) => void this.opticsLog.push(`${label} focus ${on}`),
    };
  }

  createPicturePass(_camera: MediaStreamTrack, look: Look): PicturePass {
    const pass = { looks: [look], track: new FakeTrack('video', 'pretty'), disposed: false };
    this.passes.push(pass);
    return {
      track: pass.track.asTrack(),
      setLook: (next) => pass.looks.push(next),
      dispose: () => { pass.disposed = true; },
    };
  }

  createStill(url: string): Promise<Still> {
    return Promise.resolve({ track: new FakeTrack('video', `still ${url}`).asTrack(), dispose: () => {} });
  }

  createMixer(): Mixer {
    const mixer = new FakeMixer();
    this.mixers.push(mixer);
    return mixer;
  }

  setSoundMode(mode: 'speaker' | 'ear'): void { this.soundModes.push(mode); }
  pictureUrl(dataUrl: string): string { return `blob:${dataUrl.length}`; }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}
