/**
 * When a page that is not seen gives up sending. On the phone the platform suspends a program about
 * 5 s after it left the foreground; a browser tab on a computer is left behind in the middle of a
 * call all the time, and goes on.
 */

import type { EffectiveConfig } from './environments.js';
import type { Cancel, Host, PageState } from './host.js';

export interface BackgroundEvents {
  /** Seen or not. */
  visible(visible: boolean): void;
  suspended(how: 'hidden' | 'frozen'): void;
  resumed(): void;
}

export class Background {
  readonly #host: Host;
  readonly #config: () => EffectiveConfig;
  readonly #events: BackgroundEvents;
  readonly #cancelPage: Cancel;
  #cancelTimer: Cancel = () => {};
  #suspended = false;

  constructor(host: Host, config: () => EffectiveConfig, events: BackgroundEvents) {
    this.#host = host;
    this.#config = config;
    this.#events = events;
    this.#cancelPage = host.onPage((state) => this.#page(state));
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  dispose(): void {
    this.#cancelPage();
    this.#cancelTimer();
  }

  #page(state: PageState): void {
    this.#cancelTimer();
    if (state === 'frozen') {
      this.#suspend('frozen'); // whatever the policy: nothing would run anyway
      return;
    }
    this.#events.visible(state === 'visible');
    if (state === 'visible') {
      if (!this.#suspended) return;
      this.#suspended = false;
      this.#events.resumed();
      return;
    }
    const { suspend, suspendAfter } = this.#config();
    if (suspend === 'never' || (suspend === 'auto' && !this.#host.isPhone())) return;
    this.#cancelTimer = this.#host.setTimer(suspendAfter, () => this.#suspend('hidden'));
  }

  #suspend(how: 'hidden' | 'frozen'): void {
    if (this.#suspended) return;
    this.#suspended = true;
    this.#events.suspended(how);
  }
}
