/**
 * One WebSocket to the server, from opening to its end. Never reopened: a reconnect makes a new one.
 *
 * Notifications that arrive before start() are kept, because the first may follow the answer to
 * `enter` so closely that the session is not yet set up.
 */

import type { Cancel, Platform, Socket } from '../platform/platform.js';
import type { Notification, Requests } from './messages.js';
import { LinkError, RpcClient } from './rpc.js';

const OPEN_TIMEOUT_MS = 6_000;
const REQUEST_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 10_000;
/** Long: TCP over a network that loses half of its packets takes seconds to repeat one, and media do not need it. */
const PING_TIMEOUT_MS = 12_000;
/** For a ping out of turn, when the network or the page has just come back. */
const PROBE_TIMEOUT_MS = 2_500;

/** What a link needs of where it runs. */
export type LinkPlatform = Pick<Platform, 'openSocket' | 'setTimer'>;

export interface LinkHandlers {
  notification(notification: Notification): void;
  /** Once, when the connection is lost; never after close(). */
  lost(code: number): void;
}

/** Close code of a connection that was given up on this side because the other was silent. */
export const CLOSE_SILENT = 4900;

export class SignalLink {
  readonly #platform: LinkPlatform;
  readonly #url: string;
  readonly #openTimeout_ms: number;
  readonly #rpc: RpcClient;
  #socket: Socket | null = null;
  #handlers: LinkHandlers | null = null;
  #early: Notification[] = [];
  #lostCode: number | null = null;
  #closed = false;
  #cancelPing: Cancel = () => {};

  constructor(platform: LinkPlatform, url: string, openTimeout_ms = OPEN_TIMEOUT_MS) {
    this.#platform = platform;
    this.#url = url;
    this.#openTimeout_ms = openTimeout_ms;
    this.#rpc = new RpcClient({
      send: (text) => this.#socket?.send(text),
      setTimer: (delay_ms, fire) => platform.setTimer(delay_ms, fire),
      notify: (notification) => {
        if (this.#handlers) this.#handlers.notification(notification);
        else this.#early.push(notification);
      },
    });
  }

  /** Rejects with a LinkError 'unreachable' when the server does not answer. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#platform.setTimer(this.#openTimeout_ms, () => {
        this.close();
        reject(new LinkError('unreachable', `${this.#url} did not answer within ${this.#openTimeout_ms / 1000} s`));
      });
      this.#socket = this.#platform.openSocket(this.#url, {
        open: () => {
          cancelTimer();
          resolve();
        },
        message: (text) => void this.#rpc.receive(text),
        closed: (code) => {
          cancelTimer();
          reject(new LinkError('unreachable', `${this.#url} cannot be reached`));
          this.#end(code);
        },
      });
    });
  }

  /** Delivers notifications from here on, those that came early first, and keeps the socket alive. */
  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const notification of early) {
      if (!this.#closed) handlers.notification(notification);
    }
    if (this.#lostCode !== null && !this.#closed) handlers.lost(this.#lostCode);
    else this.#schedulePing();
  }

  request<M extends keyof Requests>(
    method: M, params: Requests[M][0], timeout_ms = REQUEST_TIMEOUT_MS,
  ): Promise<Requests[M][1]> {
    return this.#rpc.request(method, params, timeout_ms);
  }

  /** Asks at once whether the server is still there; lost() follows if not. */
  probe(): void {
    this.#ping(PROBE_TIMEOUT_MS);
  }

  /** Ends it from this side. What is pending fails; lost() is not called. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPing();
    this.#socket?.close();
    this.#rpc.fail(new LinkError('closed', 'the connection was closed'));
  }

  #schedulePing(): void {
    if (this.#closed || this.#lostCode !== null) return;
    this.#cancelPing();
    this.#cancelPing = this.#platform.setTimer(PING_INTERVAL_MS, () => this.#ping(PING_TIMEOUT_MS));
  }

  #ping(timeout_ms: number): void {
    this.#rpc.request('ping', {}, timeout_ms).then(
      () => this.#schedulePing(),
      (error: unknown) => {
        if (error instanceof LinkError && error.reason === 'timeout') {
          this.#socket?.close();
          this.#end(CLOSE_SILENT);
        } else {
          this.#schedulePing(); // an error object is an answer too
        }
      },
    );
  }

  #end(code: number): void {
    if (this.#closed || this.#lostCode !== null) return;
    this.#lostCode = code;
    this.#cancelPing();
    this.#rpc.fail(new LinkError('closed', 'the connection to the server was lost'));
    this.#handlers?.lost(code);
  }
}

/** `https://host:8443` -> `wss://host:8443/v1/signal`. Throws a TypeError for anything but http(s) and ws(s). */
export function signalUrl(server: string): string {
  const url = new URL(server);
  const scheme = { 'https:': 'wss:', 'wss:': 'wss:', 'http:': 'ws:', 'ws:': 'ws:' }[url.protocol];
  if (!scheme || !url.host) throw new TypeError(`'${server}' is not an http(s) address`);
  return `${scheme}//${url.host}/v1/signal`;
}
