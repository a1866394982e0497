/**
 * The one live-pusher: started and stopped by its context, because a camera that is switched on in a running
 * push shifts the picture against the sound by seconds on some phones. So:
 *
 *   off   at once by the attribute, and the push goes on while the other kind is on
 *   on    of a kind with which the running push did not begin, or whose camera was off: a new push
 *
 * One step at a time; whatever is asked for meanwhile is looked at when it is done.
 */

import { reconnectDelay } from '@duet/sdk/signal';
import type { Context } from '../room/transport.js';
import { call } from '../room/transport.js';

export interface Devices {
  camera: boolean;
  mic: boolean;
}

export type PushState = 'stopped' | 'starting' | 'running' | 'retrying';

export interface PushHandlers {
  context(): Context;
  /** A URL that may be used now; `renew`: another one than before. */
  url(renew: boolean): Promise<string>;
  /** Resolves when the tag has its new attributes. */
  rendered(): Promise<void>;
  /** `devices` or `url` are others now, beyond what rendered() is waited for. */
  changed(): void;
  state(state: PushState): void;
  /** It does not come about, again and again; it goes on being tried. */
  stuck(): void;
}

/** After so many attempts in a row the user is told. */
const STUCK_AFTER = 4;
/** A push that ran for so long was a good one: the next trouble is a new one. */
const GOOD_MS = 10_000;

export class Push {
  /** For the tag. */
  url = '';
  devices: Devices = { camera: false, mic: false };
  readonly #handlers: PushHandlers;
  #want: Devices = { camera: false, mic: false };
  #allowed = false;
  /** What the push that runs began with and still has. */
  #running: Devices | null = null;
  #renew = false;
  /** What runs is no good, or could not be stopped in the background. */
  #stop = false;
  #busy = false;
  #dirty = false;
  #failures = 0;
  #goodSince = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(handlers: PushHandlers) {
    this.#handlers = handlers;
  }

  want({ camera, mic }: Devices): void {
    if (camera === this.#want.camera && mic === this.#want.mic) return;
    this.#want = { camera, mic };
    if (!camera) {
      this.devices.camera = false;
      if (this.#running) this.#running.camera = false;
    }
    this.devices.mic = mic && (this.#running?.mic ?? false);
    this.#handlers.changed();
    this.#turn();
  }

  /** False while there is no seat in the room, or the app is in the background. */
  allow(allowed: boolean): void {
    if (allowed === this.#allowed) return;
    this.#allowed = allowed;
    this.#turn();
  }

  /** The server knows nothing of the push any more. */
  renew(): void {
    this.#renew = true;
    this.#stop = true;
    this.#turn();
  }

  /** The connection to the server is back: no reason to wait. */
  nudge(): void {
    if (!this.#retry) return;
    this.#cancelRetry();
    this.#turn();
  }

  end(): void {
    this.#want = { camera: false, mic: false };
    this.#allowed = false;
    this.#cancelRetry();
    this.#failures = 0;
    this.devices = { camera: false, mic: false };
    this.url = '';
    this.#turn();
  }

  // --- what the tag tells ---

  running(): void {
    if (!this.#running || this.#retry) return;
    this.#goodSince ||= Date.now();
    this.#handlers.state('running');
  }

  reconnecting(): void {
    if (this.#running) this.#handlers.state('retrying');
  }

  failed(): void {
    if (!this.#running || this.#retry) return; // what was stopped, or is being tried again
    if (this.#goodSince > 0 && Date.now() - this.#goodSince > GOOD_MS) this.#failures = 0;
    this.#goodSince = 0;
    this.#stop = true;
    this.#renew = true;
    this.#handlers.state('retrying');
    this.#retryLater();
    this.#turn();
  }

  #retryLater(counts = true): void {
    this.#cancelRetry();
    if (counts && ++this.#failures === STUCK_AFTER) this.#handlers.stuck();
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#turn();
    }, reconnectDelay(this.#failures, Math.random()));
  }

  #cancelRetry(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #turn(): void {
    this.#dirty = true;
    if (this.#busy) return;
    this.#busy = true;
    // Not at once: camera and microphone that are switched on one after the other are one push.
    void Promise.resolve().then(async () => {
      while (this.#dirty) {
        this.#dirty = false;
        await this.#step();
      }
      this.#busy = false;
    });
  }

  async #step(): Promise<void> {
    const { camera, mic } = this.#want;
    const on = this.#allowed && (camera || mic) && !this.#retry;
    const lacks = this.#running !== null && ((camera && !this.#running.camera) || (mic && !this.#running.mic));
    if (this.#running && (!on || lacks || this.#stop)) await this.#end();
    if (on && !this.#running) await this.#begin();
  }

  async #end(): Promise<void> {
    this.#running = null;
    this.#goodSince = 0;
    this.#stop = !(await this.#asked('stop')); // refused in the background: once more before the next start
    if (!this.#retry) this.#handlers.state('stopped');
  }

  async #begin(): Promise<void> {
    if (this.#stop) await this.#asked('stop');
    this.#stop = false;
    this.#handlers.state('starting');
    try {
      const renew = this.#renew;
      this.#renew = false;
      const url = await this.#handlers.url(renew);
      if (!this.#allowed || this.#dirty) {
        this.#dirty = true; // something else is wanted by now
        this.#renew ||= renew;
        return;
      }
      this.url = url;
      this.devices = { ...this.#want };
      await this.#handlers.rendered();
    } catch {
      this.#renew = true;
      this.#retryLater(false); // there are no URLs without a connection
      return;
    }
    if (this.#dirty && !this.#allowed) return;
    this.#running = { ...this.devices };
    if (!(await this.#asked('start'))) this.failed();
  }

  async #asked(method: 'start' | 'stop'): Promise<boolean> {
    try {
      await call(this.#handlers.context(), method);
      return true;
    } catch {
      return false;
    }
  }
}
