/** What the local sources (microphone, camera, screen) have in common. */

import type { RtcError } from '../errors.js';
import type { Outgoing } from './transport.js';

/** What a source gives to be sent, and whether the others may have it just now. */
export interface Publication {
  outgoing: Outgoing;
  on: boolean;
}

export interface LocalSourceEvents {
  /** By itself, not by a call: ask publication() again. */
  changed: undefined;
  /** The device went away and another one took its place. */
  replaced: MediaStreamTrack;
  /** The device went away and none took its place. */
  lost: RtcError;
}

/** A track of the SDK's own, which it must stop, or one of the application's, which it must not. */
export class Capture {
  readonly #onEnded: () => void;
  readonly #ended = (): void => this.#onEnded();
  #track: MediaStreamTrack | null = null;
  #own = false;

  constructor(onEnded: () => void) {
    this.#onEnded = onEnded;
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  setOwn(track: MediaStreamTrack | null): void {
    this.#set(track, true);
  }

  setForeign(track: MediaStreamTrack): void {
    this.#set(track, false);
  }

  clear(): void {
    this.#set(null, false);
  }

  #set(track: MediaStreamTrack | null, own: boolean): void {
    if (track !== this.#track) {
      this.#track?.removeEventListener('ended', this.#ended);
      if (this.#own) this.#track?.stop();
      track?.addEventListener('ended', this.#ended);
    }
    this.#track = track;
    this.#own = own;
  }
}
