/**
 * Everything that the engines ask of the browser, as small interfaces, so that they run in Node
 * against a fake. The SDK's client is one of them.
 */

import type { DuetClient } from '@duet/sdk';

/** Stops a timer or a listener; calling it again does nothing. */
export type Cancel = () => void;

export interface CameraWish {
  front: boolean;
  /** Pixels as the viewer holds the picture; what a camera gives may lie across. */
  width: number;
  height: number;
  /** It is to be zoomed by hand, for which some browsers ask the user. */
  zoom: boolean;
}

/** What of a camera's optics can be set. */
export interface Optics {
  /** null = it cannot. `value` is what it is now. */
  zoomRange(): { min: number; max: number; value: number } | null;
  setZoom(value: number): void;
  /** Keep it sharp by itself, or leave it as it is. */
  setAutoFocus(on: boolean): void;
}

export interface MicrophoneWish {
  agc: boolean;
  ans: boolean;
}

/** How a picture is made prettier; all 0 and `standard` = not at all. */
export interface Look {
  /** 0..9 */
  beauty: number;
  whiteness: number;
  /** Soft, or with more of the skin's grain. */
  style: 'smooth' | 'nature';
  filter: string;
}

/** A camera's track with a look on it. */
export interface PicturePass {
  readonly track: MediaStreamTrack;
  setLook(look: Look): void;
  dispose(): void;
}

/** One picture, sent as video. */
export interface Still {
  readonly track: MediaStreamTrack;
  dispose(): void;
}

export interface MusicEvents {
  started(): void;
  /** Milliseconds. */
  progress(position: number, duration: number): void;
  completed(): void;
  failed(message: string): void;
}

/** Microphone and music in one track. */
export interface Mixer {
  readonly track: MediaStreamTrack;
  setMicrophone(track: MediaStreamTrack | null): void;
  /** 0 none, 1 KTV, 2 small room, 3 hall, 4 deep, 5 resounding, 6 metallic, 7 magnetic. */
  setReverb(type: number): void;
  /** 1 = as captured. */
  setMicrophoneVolume(volume: number): void;
  setMusicVolume(volume: number): void;
  /** The own voice in the own ears. */
  setEarMonitor(on: boolean): void;
  /** Replaces what was playing. */
  playMusic(url: string, events: MusicEvents): void;
  pauseMusic(): void;
  resumeMusic(): void;
  stopMusic(): void;
  dispose(): void;
}

/** `frozen`: the browser stops the page's scripts right after. */
export type PageState = 'visible' | 'hidden' | 'frozen';

export interface Host {
  /** The page's origin, such as `https://host:8443`. */
  origin(): string;
  /** False when the browser knows of no network. */
  isOnline(): boolean;
  /** Held in the hand: the camera is gone when the page is not seen. */
  isPhone(): boolean;
  setTimer(delay_ms: number, fire: () => void): Cancel;
  onPage(listener: (state: PageState) => void): Cancel;
  /** Runs once, in the next click, tap or key: what browsers want before they play sound. */
  onGesture(run: () => void): Cancel;
  createClient(): DuetClient;
  /** Both reject with the browser's DOMException. */
  openCamera(wish: CameraWish): Promise<MediaStreamTrack>;
  openMicrophone(wish: MicrophoneWish): Promise<MediaStreamTrack>;
  optics(camera: MediaStreamTrack): Optics;
  createPicturePass(camera: MediaStreamTrack, look: Look): PicturePass;
  /** Rejects when the picture cannot be loaded. */
  createStill(url: string): Promise<Still>;
  createMixer(): Mixer;
  /** Where the browser can. */
  setSoundMode(mode: 'speaker' | 'ear'): void;
  /** A URL under which the page finds the picture of a data URL. */
  pictureUrl(dataUrl: string): string;
}
