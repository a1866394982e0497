/**
 * Stands in for the SDK when only the page's looks matter: pictures are drawn, nobody is called.
 * `window.fakeDuet` lets a script say what happens: emit events, refuse devices, fail to enter.
 */

import type { DuetClient, DuetStatics, StatsEntry, View } from '../../../sdk/src/index.js';
import { RtcError } from '../../../sdk/src/errors.js';

export { EVENT } from '../../../sdk/src/events.js';
export {
  DEVICE_EXTRA_CODE, ERROR_CODE, OPERATION_EXTRA_CODE, RtcError, errorCodeName,
} from '../../../sdk/src/errors.js';
export { TYPE } from '../../../sdk/src/types.js';

type Handler = (payload: unknown) => void;

const SIZES: Record<string, [number, number]> = { upright: [480, 640], wide: [640, 480], screen: [1280, 720] };

/** A drawn scene with a frame near its edge, so that cropping shows. */
function draw(label: string, shape: keyof typeof SIZES, hue: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const [width, height] = SIZES[shape] as [number, number];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const sky = context.createLinearGradient(0, 0, width, height);
  sky.addColorStop(0, `hsl(${hue} 60% 72%)`);
  sky.addColorStop(1, `hsl(${hue + 60} 55% 38%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = `hsl(${hue + 190} 45% 82%)`;
  context.beginPath();
  context.arc(width / 2, height * 0.42, height * 0.17, 0, 7);
  context.ellipse(width / 2, height * 1.02, height * 0.34, height * 0.4, 0, 0, 7);
  context.fill();
  context.strokeStyle = 'rgb(255 255 255 / 80%)';
  context.lineWidth = 3;
  context.strokeRect(10, 10, width - 20, height - 20);
  context.fillStyle = '#fff';
  context.font = '600 22px sans-serif';
  context.fillText(label, 24, 44);
  return canvas;
}

function fitOf(mode: string | undefined, canvas: HTMLCanvasElement, view: HTMLElement): string {
  if (mode !== 'auto') return mode === 'contain' ? 'contain' : 'cover';
  const upright = view.clientHeight > view.clientWidth;
  return upright === canvas.height > canvas.width ? 'cover' : 'contain';
}

class FakeDuet {
  handlers = new Map<string, Handler[]>();
  /** Errors by method name: the method rejects with it. */
  failures: Record<string, { code: number; extraCode?: number; message: string; data?: object }> = {};
  shapes: Record<string, keyof typeof SIZES> = { '': 'wide' };
  stats: StatsEntry[] = [];
  running = { video: false, audio: false };
  fits = new Map<HTMLElement, () => void>();
  shown = new Map<string, { view: HTMLElement | null; mode: string | undefined; canvas: HTMLCanvasElement }>();
  resizes = new ResizeObserver(() => this.fits.forEach((fit) => fit()));

  on(event: string, handler: Handler): this {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
    return this;
  }

  emit(event: string, payload: unknown): void {
    this.handlers.get(event)?.forEach((handler) => handler(payload));
  }

  show(key: string, view: View | undefined, mode: string | undefined, hue: number): void {
    const before = this.shown.get(key);
    const canvas = before?.canvas ?? draw(key, this.shapes[key] ?? 'wide', hue);
    const next = {
      view: view === undefined ? before?.view ?? null : (view as HTMLElement | null),
      mode: mode ?? before?.mode,
      canvas,
    };
    this.shown.set(key, next);
    canvas.remove();
    if (!next.view) return;
    const { view: element } = next;
    element.append(canvas);
    const fit = (): void => {
      canvas.style.cssText = `width:100%;height:100%;object-fit:${fitOf(next.mode, canvas, element)}`;
    };
    this.fits.set(element, fit);
    this.resizes.observe(element);
    fit();
  }

  track(kind: 'video' | 'audio', deviceId: string): unknown {
    return this.running[kind] ? { kind, getSettings: () => ({ deviceId }) } : null;
  }

  fail(method: string): void {
    const failure = this.failures[method];
    if (failure) throw new RtcError(failure as ConstructorParameters<typeof RtcError>[0]);
  }

  method(name: string, ...args: Array<Record<string, unknown>>): unknown {
    this.fail(name);
    const config = args[0] ?? {};
    const mode = (config['option'] as { fillMode?: string } | undefined)?.fillMode;
    const view = config['view'] as View | undefined;
    if (name.endsWith('LocalVideo') && name !== 'stopLocalVideo') this.show('', view, mode, 205);
    if (name.endsWith('RemoteVideo') && name !== 'stopRemoteVideo') {
      const sub = config['streamType'] === 'sub' ? '/screen' : '';
      const user = String(config['userId']);
      this.show(user + sub, view, mode, (user.length * 97 + user.charCodeAt(0) * 31) % 360);
    }
    if (name === 'getPeerConnectionStats') return Promise.resolve(this.stats);
    if (name === 'getVideoTrack') return this.track('video', 'Integrated Camera (04f2:b6d9)');
    if (name === 'getAudioTrack') return this.track('audio', 'Built-in microphone');
    const started = /^(start|stop)Local(Video|Audio)$/.exec(name);
    if (started) this.running[started[2] === 'Video' ? 'video' : 'audio'] = started[1] === 'start';
    return name === 'enableAudioVolumeEvaluation' || name === 'sendCustomMessage' ? undefined : Promise.resolve();
  }
}

const fake = new FakeDuet();
const client = new Proxy(fake, {
  get: (target, name: string) => {
    if (name in target) return Reflect.get(target, name);
    return (...args: Array<Record<string, unknown>>) => {
      try {
        return target.method(name, ...args);
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
  },
}) as unknown as DuetClient;
Object.assign(window, { fakeDuet: fake });

const device = (kind: string, label: string): MediaDeviceInfo =>
  ({ deviceId: label, groupId: '', kind, label }) as MediaDeviceInfo;

export const Duet = {
  create: () => client,
  getCameraList: async () => [device('videoinput', 'Integrated Camera (04f2:b6d9)'), device('videoinput', 'Desk camera')],
  getMicrophoneList: async () => [device('audioinput', 'Built-in microphone')],
  getSpeakerList: async () => [device('audiooutput', 'Built-in speakers'), device('audiooutput', 'Headset')],
  setCurrentSpeaker: async () => undefined,
} as unknown as DuetStatics;
export default Duet;
