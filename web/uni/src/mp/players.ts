/**
 * What the live-players play: for each stream that this member gets, the URL with which its player started.
 * It changes only when the player must start anew: after a failure, with a fresh URL and back-off, each time
 * by the other of the two ways, FLV and RTMP.
 */

import type { PlayEntry } from '@duet/sdk/signal';
import { reconnectDelay } from '@duet/sdk/signal';
import type { ViewFillMode, ViewStreamType } from '../room/view-store.js';
import { playerMeaning } from './tag-codes.js';

export interface PlayersHandlers {
  /** Asks the server for fresh URLs; the table comes by set(). Rejects when there is no connection. */
  renew(): Promise<readonly PlayEntry[]>;
  changed(): void;
  /** A player has another URL and must begin with it. */
  replay(userID: string, streamType: ViewStreamType): void;
}

interface Playing {
  userID: string;
  streamType: ViewStreamType;
  src: string;
  failures: number;
  reconnecting: boolean;
  /** Of the picture; 0 = not known yet. */
  width: number;
  height: number;
  retry: ReturnType<typeof setTimeout> | null;
}

function keyOf(userID: string, streamType: string): string {
  return `${streamType}/${userID}`;
}

/** FLV first: it comes by the port that the signalling has shown to be open. */
function pick({ flv, rtmp }: PlayEntry, failures: number): string {
  return (failures % 2 === 0 ? flv ?? rtmp : rtmp ?? flv) ?? '';
}

export class Players {
  readonly #handlers: PlayersHandlers;
  readonly #playing = new Map<string, Playing>();

  constructor(handlers: PlayersHandlers) {
    this.#handlers = handlers;
  }

  /** The whole table. `anew`: what played has ended, all start with the new URLs. */
  set(entries: readonly PlayEntry[], anew: boolean): void {
    const keys = new Set(entries.map(({ userId, stream }) => keyOf(userId, stream)));
    for (const [key, playing] of [...this.#playing]) {
      if (!keys.has(key)) this.#drop(key, playing);
    }
    for (const entry of entries) {
      const key = keyOf(entry.userId, entry.stream);
      const playing = this.#playing.get(key);
      if (playing && !anew) continue;
      if (playing) this.#cancel(playing);
      this.#playing.set(key, {
        userID: entry.userId, streamType: entry.stream, src: pick(entry, 0), failures: 0, reconnecting: false,
        width: playing?.width ?? 0, height: playing?.height ?? 0, retry: null,
      });
      if (playing) this.#handlers.replay(entry.userId, entry.stream);
    }
    this.#handlers.changed();
  }

  clear(): void {
    for (const [key, playing] of [...this.#playing]) this.#drop(key, playing);
  }

  src(userID: string, streamType: string): string {
    return this.#playing.get(keyOf(userID, streamType))?.src ?? '';
  }

  isReconnecting(userID: string, streamType: string): boolean {
    return this.#playing.get(keyOf(userID, streamType))?.reconnecting ?? false;
  }

  /** The tag knows no `auto`: all of a picture that lies while the phone stands, otherwise the view is filled. */
  fit(mode: ViewFillMode, userID: string, streamType: string, upright: boolean): ViewFillMode {
    if (mode !== 'auto') return mode;
    const { width = 0, height = 0 } = this.#playing.get(keyOf(userID, streamType)) ?? {};
    return width === 0 || (width > height) === upright ? 'contain' : 'fillCrop';
  }

  // --- what the tags tell ---

  told(userID: string, streamType: string, code: number): void {
    const playing = this.#playing.get(keyOf(userID, streamType));
    const meaning = playerMeaning(code);
    if (!playing || !meaning) return;
    if (meaning === 'failed') return this.#failed(playing);
    if (playing.retry) return; // the end of what is being replaced
    if (meaning === 'firstFrame') playing.failures = 0;
    this.#reconnecting(playing, meaning === 'reconnecting');
  }

  sized(userID: string, streamType: string, width: number, height: number): void {
    const playing = this.#playing.get(keyOf(userID, streamType));
    if (!playing || !(width > 0) || !(height > 0) || (playing.width === width && playing.height === height)) return;
    playing.width = width;
    playing.height = height;
    this.#handlers.changed();
  }

  #reconnecting(playing: Playing, reconnecting: boolean): void {
    if (playing.reconnecting === reconnecting) return;
    playing.reconnecting = reconnecting;
    this.#handlers.changed();
  }

  #failed(playing: Playing): void {
    if (playing.retry) return; // 3002 and -2301 of one failure
    const delay = reconnectDelay(playing.failures, Math.random());
    playing.failures++;
    playing.retry = setTimeout(() => void this.#restart(playing), delay);
    this.#reconnecting(playing, true);
  }

  async #restart(playing: Playing): Promise<void> {
    let entries: readonly PlayEntry[] = [];
    try {
      entries = await this.#handlers.renew();
    } catch {
      // No connection: entering again brings URLs, too.
    }
    if (this.#playing.get(keyOf(playing.userID, playing.streamType)) !== playing) return;
    playing.retry = null;
    const entry = entries.find(({ userId, stream }) => userId === playing.userID && stream === playing.streamType);
    if (!entry) return this.#failed(playing);
    playing.src = pick(entry, playing.failures);
    this.#handlers.changed();
    this.#handlers.replay(playing.userID, playing.streamType);
  }

  #cancel(playing: Playing): void {
    if (playing.retry) clearTimeout(playing.retry);
    playing.retry = null;
  }

  #drop(key: string, playing: Playing): void {
    this.#cancel(playing);
    this.#playing.delete(key);
  }
}
