/**
 * How each remote picture is to be shown, keyed by (userId, streamType), for one visit of a room.
 *
 * Knows nothing of streams or connections: settings may come before the stream exists and outlive
 * it, and every reconnect. Only clear() ends them.
 */

import type { FillMode, RemoteVideoConfig, StreamType } from '../types.js';

export interface ViewSettings {
  /** Elements to show it in; empty = received but not shown. */
  containers: HTMLElement[];
  fillMode: FillMode;
  mirror: boolean;
}

export interface ViewChange {
  containers?: HTMLElement[];
  option?: RemoteVideoConfig['option'];
}

function viewKey(userId: string, streamType: StreamType): string {
  return `${streamType}/${userId}`;
}

export class ViewTable {
  readonly #settings = new Map<string, ViewSettings>();

  /** Only what is given changes. Returns the result. */
  merge(userId: string, streamType: StreamType, change: ViewChange): ViewSettings {
    const before = this.get(userId, streamType);
    const after: ViewSettings = {
      containers: change.containers ?? before.containers,
      fillMode: change.option?.fillMode ?? before.fillMode,
      mirror: change.option?.mirror ?? before.mirror,
    };
    this.#settings.set(viewKey(userId, streamType), after);
    return after;
  }

  get(userId: string, streamType: StreamType): ViewSettings {
    return this.#settings.get(viewKey(userId, streamType)) ?? {
      containers: [],
      // A face may lose its edges, a shared document may not.
      fillMode: streamType === 'sub' ? 'contain' : 'cover',
      mirror: false,
    };
  }

  clear(): void {
    this.#settings.clear();
  }
}
