/** The user's consent to camera and microphone: asked for when a device is first wanted, remembered, withdrawn by the tag. */

import type { Devices } from '../room/transport.js';
import { granted } from './permissions.js';
import type { MiniPlatform, Scope } from './platform.js';

export type DeviceKind = 'video' | 'audio';

export interface RightsHandlers {
  /** Something that was asked for is allowed now. */
  changed(): void;
  switched(kind: DeviceKind, on: boolean): void;
  refused(kind: DeviceKind): void;
}

const SCOPES: Readonly<Record<DeviceKind, Scope>> = { video: 'scope.camera', audio: 'scope.record' };
const KINDS: readonly DeviceKind[] = ['video', 'audio'];

export class Rights {
  readonly #mini: Pick<MiniPlatform, 'getSetting' | 'authorize' | 'openSetting'>;
  readonly #handlers: RightsHandlers;
  /** held: granted, and waiting for the answer about the other one, so that both begin in one push. */
  readonly #states: Record<DeviceKind, 'unknown' | 'asking' | 'held' | 'granted'> = { video: 'unknown', audio: 'unknown' };
  /** Wanted when it was refused. */
  readonly #refused = new Set<DeviceKind>();
  /** One question after the other: the platform shows one dialog at a time. */
  #asked: Promise<void> = Promise.resolve();

  constructor(mini: Pick<MiniPlatform, 'getSetting' | 'authorize' | 'openSetting'>, handlers: RightsHandlers) {
    this.#mini = mini;
    this.#handlers = handlers;
  }

  /**
   * What of `wanted` may be used. Asks for what is not known when `ask` is true.
   */
  allowed({ camera, mic }: Devices, ask: boolean): Devices {
    const wanted: Record<DeviceKind, boolean> = { video: camera, audio: mic };
    for (const kind of KINDS) {
      if (ask && wanted[kind] && this.#states[kind] === 'unknown') this.#ask(kind);
    }
    const has = (kind: DeviceKind): boolean => wanted[kind] && this.#states[kind] === 'granted';
    return { camera: has('video'), mic: has('audio') };
  }

  #ask(kind: DeviceKind): void {
    this.#states[kind] = 'asking';
    this.#asked = this.#asked.then(async () => {
      const yes = await granted(this.#mini, SCOPES[kind]);
      this.#states[kind] = yes ? 'held' : 'unknown';
      if (!yes) this.#refuse(kind);
      this.#release();
    });
  }

  #release(): void {
    if (KINDS.some((kind) => this.#states[kind] === 'asking')) return;
    for (const kind of KINDS) {
      if (this.#states[kind] === 'held') this.#states[kind] = 'granted';
    }
    this.#handlers.changed();
  }

  #refuse(kind: DeviceKind): void {
    this.#refused.add(kind);
    this.#handlers.switched(kind, false);
    this.#handlers.refused(kind);
  }

  refusedByTag(kind: DeviceKind): void {
    this.#states[kind] = 'unknown';
    this.#refuse(kind);
  }

  openSettings(): void {
    this.#mini.openSetting({
      success: ({ authSetting }) => {
        for (const kind of [...this.#refused]) {
          if (!authSetting[SCOPES[kind]]) continue;
          this.#refused.delete(kind);
          this.#states[kind] = 'granted';
          this.#handlers.switched(kind, true);
        }
      },
      fail: () => undefined,
    });
  }
}
