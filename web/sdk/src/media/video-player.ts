/**
 * One picture, shown in any number of containers.
 *
 * Elements exist only while there is a track, so that a container without a picture is empty.
 */

import type { MediaState, Platform, Size, VideoElement } from '../platform/platform.js';
import type { ViewSettings } from '../session/views.js';
import { objectFit } from './fit.js';

export interface VideoPlayerEvents {
  /** Once from the moment that a track is set until there is none. */
  firstFrame(size: Size): void;
  resized(size: Size): void;
  stateChanged(state: MediaState): void;
  blocked(): void;
}

export class VideoPlayer {
  readonly #platform: Platform;
  readonly #events: VideoPlayerEvents;
  readonly #elements = new Map<HTMLElement, VideoElement>();
  #settings: ViewSettings;
  #track: MediaStreamTrack | null = null;
  #seen = false;
  #size: Size = { width: 0, height: 0 };
  #state: MediaState = 'STOPPED';

  constructor(platform: Platform, settings: ViewSettings, events: VideoPlayerEvents) {
    this.#platform = platform;
    this.#settings = settings;
    this.#events = events;
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  setTrack(track: MediaStreamTrack | null): void {
    if (track === this.#track) return;
    this.#track = track;
    if (track) {
      for (const element of this.#elements.values()) element.setTrack(track);
    } else {
      this.#seen = false;
      this.#size = { width: 0, height: 0 };
      this.#setState('STOPPED');
    }
    this.#layOut();
  }

  configure(settings: ViewSettings): void {
    this.#settings = settings;
    this.#layOut();
    for (const element of this.#elements.values()) this.#style(element);
  }

  async play(): Promise<void> {
    await Promise.all([...this.#elements.values()].map((element) => element.play()));
  }

  /** '' when nothing is shown. */
  snapshot(): string {
    for (const element of this.#elements.values()) {
      const picture = element.snapshot();
      if (picture) return picture;
    }
    return '';
  }

  dispose(): void {
    this.#settings = { ...this.#settings, containers: [] };
    this.setTrack(null);
    this.#layOut();
  }

  /** Makes the elements that are there the ones that should be. */
  #layOut(): void {
    const wanted = new Set(this.#track ? this.#settings.containers : []);
    for (const [container, element] of this.#elements) {
      if (wanted.has(container)) continue;
      element.dispose();
      this.#elements.delete(container);
    }
    for (const container of wanted) {
      if (this.#elements.has(container)) continue;
      const element: VideoElement = this.#platform.createVideoElement(container, {
        firstFrame: (size) => this.#firstFrame(size),
        resized: (size) => this.#resized(element, size),
        boxResized: () => this.#style(element),
        stateChanged: (state) => this.#setState(state),
        blocked: () => this.#events.blocked(),
      });
      this.#elements.set(container, element);
      this.#style(element);
      element.setTrack(this.#track);
    }
  }

  #style(element: VideoElement): void {
    element.setMirror(this.#settings.mirror);
    element.setFit(objectFit(this.#settings.fillMode, element.pictureSize(), element.boxSize()));
  }

  #firstFrame(size: Size): void {
    if (this.#seen || !this.#track) return;
    this.#seen = true;
    this.#events.firstFrame(size);
  }

  #resized(element: VideoElement, size: Size): void {
    this.#style(element);
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#events.resized(size);
  }

  #setState(state: MediaState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.stateChanged(state);
  }
}
