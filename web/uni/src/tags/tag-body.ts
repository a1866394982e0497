/** The elements inside of a tag: the picture, turned if need be, the debug lines, and the full screen. */

import type { NetStatus } from '../core/figures.js';

const STYLE_ID = 'duet-uni-style';

/* :where() has no weight: whatever the page says about the tag wins. */
const STYLE = `
:where(uni-live-pusher, uni-live-player) { display: block; position: relative; overflow: hidden; width: 300px; height: 225px; background: #000; }
:where(.duet-uni-stage) { position: absolute; inset: 0; }
:where(.duet-uni-debug) { position: absolute; left: 0; top: 0; z-index: 1; margin: 0; padding: 4px 6px; font: 11px/1.4 monospace;
  color: #fff; background: rgba(0, 0, 0, .45); white-space: pre; pointer-events: none; }
.duet-uni-full { position: fixed !important; inset: 0 !important; width: 100vw !important; height: 100vh !important; z-index: 2147483000 !important; }
`;

function injectStyle(): void {
  if (document.getElementById(STYLE_ID)) return;
  const style = document.createElement('style');
  style.id = STYLE_ID;
  style.textContent = STYLE;
  document.head.prepend(style);
}

function debugLines({ videoWidth, videoHeight, videoFPS, videoBitrate, audioBitrate, netJitter, netQualityLevel }: NetStatus): string {
  return [
    `${videoWidth}x${videoHeight} ${videoFPS} fps`,
    `video ${videoBitrate} kbit/s`,
    `audio ${audioBitrate} kbit/s`,
    `jitter ${netJitter} ms, network ${netQualityLevel}`,
  ].join('\n');
}

export class TagBody {
  /** The picture goes here. */
  readonly view: HTMLElement;
  readonly #root: HTMLElement;
  readonly #onFullScreen: (on: boolean, direction: number) => void;
  readonly #observer: ResizeObserver | null;
  readonly #debug: HTMLElement;
  #turn = 0;
  #direction = 0;
  #full = false;
  /** The browser's own full screen is on. */
  #entered = false;

  /** `stage` is an empty element inside of `root` that nobody else fills. */
  constructor(root: HTMLElement, stage: HTMLElement, onFullScreen: (on: boolean, direction: number) => void) {
    injectStyle();
    this.#root = root;
    this.#onFullScreen = onFullScreen;
    this.view = document.createElement('div');
    this.view.style.cssText = 'position:absolute;left:0;top:0;width:100%;height:100%';
    this.#debug = document.createElement('pre');
    this.#debug.className = 'duet-uni-debug';
    this.#debug.hidden = true;
    stage.append(this.view, this.#debug);
    this.#observer = typeof ResizeObserver === 'function' ? new ResizeObserver(() => this.#layOut()) : null;
    this.#observer?.observe(root);
    document.addEventListener('fullscreenchange', this.#fullScreenChanged);
  }

  /** Degrees, a multiple of 90. */
  setTurn(turn: number): void {
    if (turn === this.#turn) return;
    this.#turn = turn;
    this.#layOut();
  }

  setDebug(on: boolean): void {
    this.#debug.hidden = !on;
  }

  figures(info: NetStatus): void {
    if (!this.#debug.hidden) this.#debug.textContent = debugLines(info);
  }

  /** A browser stops pictures that are taken out of the page, and does not go on with them when they are back. */
  play(): void {
    for (const video of this.view.querySelectorAll('video')) void video.play().catch(() => undefined);
  }

  enterFullScreen(direction: number): void {
    this.#direction = direction;
    this.#full = true;
    this.#root.classList.add('duet-uni-full'); // also where the browser refuses or cannot: the page's own full screen
    void this.#root.requestFullscreen?.().catch(() => undefined);
    this.#layOut();
    this.#onFullScreen(true, direction);
  }

  leaveFullScreen(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#root.classList.remove('duet-uni-full');
    if (document.fullscreenElement === this.#root) void document.exitFullscreen().catch(() => undefined);
    const direction = this.#direction;
    this.#direction = 0;
    this.#layOut();
    this.#onFullScreen(false, direction);
  }

  dispose(): void {
    document.removeEventListener('fullscreenchange', this.#fullScreenChanged);
    this.#observer?.disconnect();
    this.leaveFullScreen();
  }

  /** Left by a key or a gesture. */
  readonly #fullScreenChanged = (): void => {
    if (document.fullscreenElement === this.#root) this.#entered = true;
    else if (this.#entered) {
      this.#entered = false;
      this.leaveFullScreen();
    }
  };

  #layOut(): void {
    const turn = (((this.#turn + this.#direction) % 360) + 360) % 360;
    const { style } = this.view;
    if (turn === 0) {
      Object.assign(style, { left: '0', top: '0', width: '100%', height: '100%', transform: '' });
      return;
    }
    const [width, height] = [this.#root.clientWidth, this.#root.clientHeight];
    const across = turn % 180 !== 0;
    Object.assign(style, {
      left: '50%', top: '50%',
      width: `${across ? height : width}px`,
      height: `${across ? width : height}px`,
      transform: `translate(-50%, -50%) rotate(${turn}deg)`,
    });
  }
}
