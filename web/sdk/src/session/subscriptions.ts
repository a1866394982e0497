/**
 * What this user wants to receive, against what the server has been asked for. Pure.
 *
 * The server subscribes by itself according to recvMode; a wish that differs, or has been asked for
 * differently before, becomes a request. Wishes live as long as the visit of the room; what was
 * asked for is forgotten with each member that leaves and each session that is not resumed.
 */

import type { Kind, Quality, StreamRef } from '../signal/messages.js';
import { KINDS, STREAMS, streamKey } from './keys.js';

export interface SubscriptionRequest extends StreamRef {
  on: boolean;
  quality?: Quality;
}

interface Wish {
  on: boolean;
  quality?: Quality;
}

/** The `recvMode` of docs/protocol.md. */
export function recvMode(audio: boolean, video: boolean): 1 | 2 | 3 | 4 {
  if (audio) return video ? 1 : 2;
  return video ? 3 : 4;
}

export class Subscriptions {
  readonly #automatic: Readonly<Record<Kind, boolean>>;
  readonly #wishes = new Map<string, boolean>();
  readonly #qualities = new Map<string, Quality>();
  /** null = asked for something in an earlier session; unknown whether it arrived. */
  readonly #asked = new Map<string, Wish | null>();
  /** A wish for everybody's voices, later members' included; null = as recvMode says. */
  #allAudio: boolean | null = null;

  constructor(automatic: { audio: boolean; video: boolean }) {
    this.#automatic = automatic;
  }

  want(ref: StreamRef, on: boolean): void {
    this.#wishes.set(streamKey(ref), on);
  }

  /** Remembered for as long as the visit of the room, wanted or not. */
  setQuality(ref: StreamRef, quality: Quality): void {
    this.#qualities.set(streamKey(ref), quality);
  }

  qualityOf(ref: StreamRef): Quality | undefined {
    return this.#qualities.get(streamKey(ref));
  }

  /** Everybody's voices, instead of all that was wished for single ones before. */
  wantAllAudio(on: boolean): void {
    this.#allAudio = on;
    for (const key of [...this.#wishes.keys()]) {
      if (key.startsWith('main/audio/') || key.startsWith('aux/audio/')) this.#wishes.delete(key);
    }
  }

  isWanted(ref: StreamRef): boolean {
    return this.#wish(ref).on;
  }

  /** What must be asked now; counts as asked from here on. */
  takeRequests(userIds: readonly string[]): SubscriptionRequest[] {
    const requests: SubscriptionRequest[] = [];
    for (const userId of userIds) {
      for (const stream of STREAMS) {
        for (const kind of KINDS) {
          const ref = { userId, stream, kind };
          const key = streamKey(ref);
          const wish = this.#wish(ref);
          const asked = this.#asked.has(key) ? this.#asked.get(key)! : { on: this.#automatic[kind] };
          if (asked && sameWish(wish, asked)) continue;
          this.#asked.set(key, wish);
          requests.push({ ...ref, ...wish });
        }
      }
    }
    return requests;
  }

  /** The request failed: what the server has for this stream is its default again. */
  forget(ref: StreamRef): void {
    this.#asked.delete(streamKey(ref));
    this.#wishes.delete(streamKey(ref));
    this.#qualities.delete(streamKey(ref));
  }

  /** The server forgets what it was asked about somebody who leaves. */
  memberLeft(userId: string): void {
    for (const stream of STREAMS) {
      for (const kind of KINDS) this.#asked.delete(streamKey({ userId, stream, kind }));
    }
  }

  /**
   * A new session. A resumed one goes on from what was asked before, and whether the last of that
   * arrived is not known, so all of it is asked again; any other starts from recvMode.
   */
  newSession(resumed: boolean): void {
    if (!resumed) this.#asked.clear();
    for (const key of this.#asked.keys()) this.#asked.set(key, null);
  }

  #wish(ref: StreamRef): Wish {
    const on = this.#wishes.get(streamKey(ref))
      ?? (ref.kind === 'audio' ? this.#allAudio : null) ?? this.#automatic[ref.kind];
    const quality = this.#qualities.get(streamKey(ref));
    return on && quality ? { on, quality } : { on };
  }
}

function sameWish(a: Wish, b: Wish): boolean {
  return a.on === b.on && (!a.on || a.quality === b.quality);
}
