/** <video> elements of the browser behind VideoElement. */

import { keepPlaying } from './keep-playing.js';
import type { MediaState, ObjectFit, Size, VideoElement, VideoElementEvents } from './platform.js';

const NO_SIZE: Size = { width: 0, height: 0 };

function makeElement(): HTMLVideoElement {
  const video = document.createElement('video');
  video.autoplay = true;
  video.muted = true; // sound has elements of its own; muted pictures may play everywhere
  video.playsInline = true;
  video.setAttribute('playsinline', '');
  video.setAttribute('muted', '');
  video.disablePictureInPicture = false;
  video.controls = false;
  video.style.width = '100%';
  video.style.height = '100%';
  video.style.display = 'block';
  return video;
}

/** Calls back when the first frame of the element's present source is on the screen. */
function onFirstFrame(video: HTMLVideoElement, fire: () => void): () => void {
  if (typeof video.requestVideoFrameCallback === 'function') {
    const handle = video.requestVideoFrameCallback(fire);
    return () => video.cancelVideoFrameCallback(handle);
  }
  video.addEventListener('loadeddata', fire, { once: true });
  return () => video.removeEventListener('loadeddata', fire);
}

export class BrowserVideoElement implements VideoElement {
  readonly #container: HTMLElement;
  readonly #events: VideoElementEvents;
  readonly #boxObserver: ResizeObserver | null;
  #shown: HTMLVideoElement | null = null;
  /** Has the newest track; takes the place of `shown` with its first frame. */
  #coming: HTMLVideoElement | null = null;
  #cancelFirstFrame: () => void = () => {};
  readonly #keepers = new Map<HTMLVideoElement, () => void>();
  #fit: ObjectFit = 'cover';
  #mirror = false;

  constructor(container: HTMLElement, events: VideoElementEvents) {
    this.#container = container;
    this.#events = events;
    this.#boxObserver = typeof ResizeObserver === 'function'
      ? new ResizeObserver(() => events.boxResized()) : null;
    this.#boxObserver?.observe(container);
  }

  setTrack(track: MediaStreamTrack | null): void {
    this.#drop(this.#coming);
    this.#coming = null;
    this.#cancelFirstFrame();
    if (!track) {
      this.#drop(this.#shown);
      this.#shown = null;
      return;
    }
    const next = makeElement();
    this.#wire(next);
    this.#style(next);
    if (this.#shown && this.#shown.videoWidth > 0) {
      // In the page, or some browsers do not decode it; above nothing and taking no room.
      next.style.position = 'absolute';
      next.style.opacity = '0';
      next.style.pointerEvents = 'none';
      this.#coming = next;
    } else {
      this.#drop(this.#shown);
      this.#shown = next;
    }
    this.#container.append(next);
    next.srcObject = new MediaStream([track]);
    this.#cancelFirstFrame = onFirstFrame(next, () => this.#firstFrame(next));
    void this.#play(next);
  }

  setFit(fit: ObjectFit): void {
    this.#fit = fit;
    this.#restyle();
  }

  setMirror(mirror: boolean): void {
    this.#mirror = mirror;
    this.#restyle();
  }

  boxSize(): Size {
    return { width: this.#container.clientWidth, height: this.#container.clientHeight };
  }

  pictureSize(): Size {
    const video = this.#shown;
    return video ? { width: video.videoWidth, height: video.videoHeight } : NO_SIZE;
  }

  async play(): Promise<void> {
    await Promise.all([this.#shown, this.#coming].map((video) => video && this.#play(video)));
  }

  snapshot(): string {
    const video = this.#shown;
    if (!video || video.videoWidth === 0) return '';
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    if (!context) return '';
    context.drawImage(video, 0, 0);
    return canvas.toDataURL('image/png');
  }

  dispose(): void {
    this.setTrack(null);
    this.#boxObserver?.disconnect();
  }

  #firstFrame(video: HTMLVideoElement): void {
    if (video === this.#coming) {
      this.#drop(this.#shown);
      video.style.position = '';
      video.style.opacity = '';
      video.style.pointerEvents = '';
      this.#shown = video;
      this.#coming = null;
    }
    if (video !== this.#shown) return;
    this.#events.resized(this.pictureSize());
    this.#events.firstFrame(this.pictureSize());
  }

  #wire(video: HTMLVideoElement): void {
    const tell = (state: MediaState) => (): void => {
      if (video === this.#shown) this.#events.stateChanged(state);
    };
    this.#keepers.set(video, keepPlaying(video, () => void this.#play(video)));
    video.addEventListener('playing', tell('PLAYING'));
    video.addEventListener('pause', tell('PAUSED'));
    video.addEventListener('ended', tell('STOPPED'));
    video.addEventListener('resize', () => {
      if (video === this.#shown && video.videoWidth > 0) this.#events.resized(this.pictureSize());
    });
  }

  async #play(video: HTMLVideoElement): Promise<void> {
    try {
      await video.play();
    } catch (error) {
      // AbortError and the like: the element was given another source or removed meanwhile.
      if ((error as DOMException).name === 'NotAllowedError') this.#events.blocked();
    }
  }

  #drop(video: HTMLVideoElement | null): void {
    if (!video) return;
    this.#keepers.get(video)?.();
    this.#keepers.delete(video);
    video.remove();
    video.srcObject = null;
  }

  #restyle(): void {
    if (this.#shown) this.#style(this.#shown);
    if (this.#coming) this.#style(this.#coming);
  }

  #style(video: HTMLVideoElement): void {
    video.style.objectFit = this.#fit;
    video.style.transform = this.#mirror ? 'scaleX(-1)' : '';
  }
}
