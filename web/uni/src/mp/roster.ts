/** The server's words about the others, in the numbers by which the tags of room:// addresses tell the same. */

import type { Member, StreamState } from '@duet/sdk/signal';

export type TellUsers = (code: 1031 | 1032 | 1033 | 1034, entry: Readonly<Record<string, unknown>>) => void;

export class Roster {
  readonly #tell: TellUsers;
  readonly #present = new Set<string>();

  constructor(tell: TellUsers) {
    this.#tell = tell;
  }

  /** Everybody who is there; who is missing has left while nothing could be heard. */
  set(members: readonly Member[]): void {
    const ids = new Set(members.map(({ userId }) => userId));
    for (const userId of [...this.#present]) {
      if (!ids.has(userId)) this.left(userId);
    }
    for (const { userId, streams } of members) {
      this.joined(userId);
      this.streams(userId, streams);
    }
  }

  joined(userid: string): void {
    if (this.#present.has(userid)) return;
    this.#present.add(userid);
    this.#tell(1031, { userid });
  }

  left(userid: string): void {
    if (this.#present.delete(userid)) this.#tell(1032, { userid });
  }

  streams(userid: string, streams: readonly StreamState[]): void {
    const main = streams.find(({ stream }) => stream === 'main');
    const aux = streams.find(({ stream }) => stream === 'aux');
    this.#tell(1033, { userid, streamtype: 'main', hasvideo: main?.video ?? false });
    this.#tell(1033, { userid, streamtype: 'aux', hasvideo: aux?.video ?? false });
    this.#tell(1034, { userid, streamtype: 'main', hasaudio: main?.audio ?? false });
  }

  clear(): void {
    this.#present.clear();
  }
}
