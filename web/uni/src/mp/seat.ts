/**
 * The member's seat in the room: one signalling connection at a time, remade with the token of the seat
 * when it is lost, let go without a goodbye when the app goes into the background.
 *
 * States: out -> entering -> in <-> returning, suspended -> out
 */

import type { Cancel, LinkPlatform, Notification, Requests, RtmpEnterRequest, RtmpEnterResult } from '@duet/sdk/signal';
import { isTransient, reconnectDelay, SignalLink } from '@duet/sdk/signal';
import { CONNECT_TIMEOUT_MS } from './socket.js';

export type SeatState = 'out' | 'entering' | 'in' | 'returning' | 'suspended';
export type Identity = Omit<RtmpEnterRequest, 'resume'>;

export interface SeatHandlers {
  /** `again`: it was in before. Notifications follow. */
  entered(result: RtmpEnterResult, again: boolean): void;
  notification(notification: Notification): void;
  /** The connection is lost and is being remade. */
  lost(): void;
  /** It is over: the first entry did not succeed, or the server does not let the member back in. */
  failed(error: unknown): void;
  /** No attempt will end otherwise than the last one. */
  isHopeless(): boolean;
}

/** Attempts to enter for the first time; who is in already tries for as long as it takes. */
const FIRST_ATTEMPTS = 3;
const EXIT_TIMEOUT_MS = 1_000;

export class Seat {
  readonly #platform: LinkPlatform;
  readonly #handlers: SeatHandlers;
  #state: SeatState = 'out';
  #url = '';
  #identity: Identity | null = null;
  #resume: string | null = null;
  #link: SignalLink | null = null;
  /** The server has been asked to let this link in. */
  #asked = false;
  #attempt = 0;
  #cancelRetry: Cancel = () => {};

  constructor(platform: LinkPlatform, handlers: SeatHandlers) {
    this.#platform = platform;
    this.#handlers = handlers;
  }

  get state(): SeatState {
    return this.#state;
  }

  enter(url: string, identity: Identity): void {
    this.#url = url;
    this.#identity = identity;
    this.#resume = null;
    this.#attempt = 0;
    this.#state = 'entering';
    void this.#connect();
  }

  /** Rejects while there is no connection; what was asked for must be told anew after entered(). */
  request<M extends keyof Requests>(method: M, params: Requests[M][0]): Promise<Requests[M][1]> {
    if (this.#state !== 'in' || !this.#link) return Promise.reject(new Error('there is no connection to the server at the moment'));
    return this.#link.request(method, params);
  }

  /** Keeps the seat: the server tells the others "paused". Nothing while the first entry is under way. */
  suspend(): void {
    if (this.#state !== 'in' && this.#state !== 'returning') return;
    this.#drop(false);
    this.#state = 'suspended';
  }

  /** The end of suspend(). */
  wake(): void {
    if (this.#state !== 'suspended') return;
    this.#state = 'returning';
    this.nudge();
  }

  /** The network or the app is back: no reason to wait out a delay, every reason to check. */
  nudge(): void {
    if (this.#state === 'in') this.#link?.probe();
    if (this.#state !== 'returning' || (this.#link && this.#asked)) return;
    this.#drop(false); // an attempt from before the network was there, which would take its time to fail
    this.#attempt = 0;
    void this.#connect();
  }

  /** Gives the seat up, also in the middle of entering. */
  exit(): void {
    this.#state = 'out';
    this.#drop(true);
  }

  #drop(goodbye: boolean): void {
    this.#cancelRetry();
    const link = this.#link;
    this.#link = null;
    if (!link) return;
    if (!goodbye || !this.#asked) return link.close();
    // The server takes what comes on one socket in order: an entry that is not answered yet is undone, too.
    void link.request('exit', {}, EXIT_TIMEOUT_MS).catch(() => undefined).then(() => link.close());
  }

  async #connect(): Promise<void> {
    const link = new SignalLink(this.#platform, this.#url, CONNECT_TIMEOUT_MS);
    this.#link = link;
    this.#asked = false;
    try {
      await link.open();
      if (link !== this.#link) return;
      this.#asked = true;
      const params = { ...this.#identity!, resume: this.#resume } as unknown as Requests['enter'][0];
      const result = (await link.request('enter', params)) as unknown as RtmpEnterResult;
      if (link === this.#link) this.#entered(link, result);
    } catch (error) {
      if (link !== this.#link) return;
      this.#link = null;
      link.close();
      this.#failed(error);
    }
  }

  #entered(link: SignalLink, result: RtmpEnterResult): void {
    const again = this.#state !== 'entering';
    this.#state = 'in';
    this.#attempt = 0;
    this.#resume = result.resume;
    this.#handlers.entered(result, again);
    if (link !== this.#link) return; // left by what was told
    link.start({
      notification: (notification) => this.#handlers.notification(notification),
      lost: () => this.#lost(link),
    });
  }

  #lost(link: SignalLink): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#state = 'returning';
    this.#handlers.lost();
    this.#retry();
  }

  #failed(error: unknown): void {
    const first = this.#state === 'entering';
    const over = !isTransient(error) || (first && (this.#handlers.isHopeless() || this.#attempt + 1 >= FIRST_ATTEMPTS));
    if (!over) return this.#retry();
    this.#state = 'out';
    this.#handlers.failed(error);
  }

  #retry(): void {
    this.#cancelRetry();
    this.#cancelRetry = this.#platform.setTimer(reconnectDelay(this.#attempt, Math.random()), () => void this.#connect());
    this.#attempt++;
  }
}
