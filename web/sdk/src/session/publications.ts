/** What this user sends, against what the server has been told. Pure. */

import type { Kind, Requests, WireStream } from '../signal/messages.js';
import { KINDS, STREAMS } from './keys.js';

export type PublishRequest = Requests['publish'][0];

export class Publications {
  readonly #wanted = new Set<string>();
  #told = new Set<string>();

  want(stream: WireStream, kind: Kind, on: boolean): void {
    if (on) this.#wanted.add(`${stream}/${kind}`);
    else this.#wanted.delete(`${stream}/${kind}`);
  }

  isWanted(stream: WireStream, kind: Kind): boolean {
    return this.#wanted.has(`${stream}/${kind}`);
  }

  /**
   * What must be told now, one request per stream at most; counts as told from here on.
   * `hasSection` keeps back what has no negotiated section yet: its negotiation will tell.
   */
  takeRequests(hasSection: (stream: WireStream, kind: Kind) => boolean): PublishRequest[] {
    const requests: PublishRequest[] = [];
    for (const stream of STREAMS) {
      const request: PublishRequest = { stream };
      for (const kind of KINDS) {
        const key = `${stream}/${kind}`;
        const wanted = this.#wanted.has(key);
        if (wanted === this.#told.has(key) || !hasSection(stream, kind)) continue;
        request[kind] = wanted;
        if (wanted) this.#told.add(key);
        else this.#told.delete(key);
      }
      if (request.audio !== undefined || request.video !== undefined) requests.push(request);
    }
    return requests;
  }

  /** `enter` or `negotiate` said of all sending sections whether they are on. */
  toldByTracks(tracks: ReadonlyArray<{ stream: WireStream; kind: Kind; on: boolean }>): void {
    this.#told = new Set(tracks.filter((t) => t.on).map((t) => `${t.stream}/${t.kind}`));
  }

  /** The server refused to turn these on. */
  refused(request: PublishRequest): void {
    for (const kind of KINDS) {
      if (!request[kind]) continue;
      this.#wanted.delete(`${request.stream}/${kind}`);
      this.#told.delete(`${request.stream}/${kind}`);
    }
  }
}
