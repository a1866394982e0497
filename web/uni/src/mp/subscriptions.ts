/** What the server has been told of what is sent and wanted, so that it is told what changes. */

import type { Kind, Requests, StreamRef } from '@duet/sdk/signal';
import type { StreamState } from '../room/state.js';
import type { Devices } from '../room/transport.js';

type Method = 'publish' | 'subscribe' | 'unsubscribe';
export type Ask = <M extends Method>(method: M, params: Requests[M][0]) => Promise<unknown>;

interface Told {
  on: boolean;
  size: 'main' | 'small';
}

export class Subscriptions {
  readonly #ask: Ask;
  readonly #told = new Map<string, Told>();
  /** As the server has it from the beginning. */
  #published = { audio: true, video: true };
  #recvMode = 1;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  begin(recvMode: number): void {
    this.#recvMode = recvMode;
    this.forget();
  }

  /** The server knows nothing any more. */
  forget(): void {
    this.#told.clear();
    this.#published = { audio: true, video: true };
  }

  publish({ camera, mic }: Devices): void {
    const before = this.#published;
    if (before.video === camera && before.audio === mic) return;
    this.#published = { audio: mic, video: camera };
    this.#ask('publish', { stream: 'main', audio: mic, video: camera }).catch(() => {
      if (this.#published.audio === mic && this.#published.video === camera) this.#published = before;
    });
  }

  subscribe(streams: readonly StreamState[]): void {
    for (const { userID, streamType, hasVideo, muteVideo, muteAudio, size } of streams) {
      if (hasVideo) this.#set({ userId: userID, stream: streamType, kind: 'video' }, !muteVideo, size);
      if (streamType === 'main') this.#set({ userId: userID, stream: 'main', kind: 'audio' }, !muteAudio, 'main');
    }
  }

  #set(ref: StreamRef, on: boolean, size: 'main' | 'small'): void {
    const key = `${ref.kind}/${ref.stream}/${ref.userId}`;
    const before = this.#told.get(key) ?? { on: this.#byItself(ref.kind), size: 'main' };
    if (before.on === on && (before.size === size || !on)) return;
    const now = { on, size: on ? size : before.size };
    this.#told.set(key, now);
    const quality = ref.kind === 'video' && (size === 'small' || before.size === 'small') ? { quality: size } : {};
    const asked = on ? this.#ask('subscribe', { ...ref, ...quality }) : this.#ask('unsubscribe', ref);
    asked.catch(() => {
      if (this.#told.get(key) === now) this.#told.set(key, before);
    });
  }

  #byItself(kind: Kind): boolean {
    return this.#recvMode === 1 || this.#recvMode === (kind === 'audio' ? 2 : 3);
  }
}
