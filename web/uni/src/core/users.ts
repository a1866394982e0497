/** Who is in the room, and the messages of 1020 and 1031..1034 that tell it, in the shape that existing projects parse. */

import type { PlayerStreamType } from './room-url.js';
import { playerUrl } from './room-url.js';

export interface UserEntry {
  userid: string;
  playurl?: string;
  streamtype?: PlayerStreamType;
  hasvideo?: boolean;
  hasaudio?: boolean;
}

/** `{"userlist":[…]}` */
export function userListMessage(entries: readonly UserEntry[]): string {
  return JSON.stringify({ userlist: entries });
}

export function videoEntry(userID: string, streamType: PlayerStreamType, hasvideo: boolean): UserEntry {
  return { userid: userID, playurl: playerUrl({ userID, streamType }), streamtype: streamType, hasvideo };
}

export function audioEntry(userID: string, hasaudio: boolean): UserEntry {
  return { userid: userID, playurl: playerUrl({ userID, streamType: 'main' }), streamtype: 'main', hasaudio };
}

/** The others in the room, in the order in which they came. */
export class UserTable {
  readonly #users = new Map<string, { audio: boolean; video: Set<PlayerStreamType> }>();

  join(userID: string): void {
    if (!this.#users.has(userID)) this.#users.set(userID, { audio: false, video: new Set() });
  }

  leave(userID: string): void {
    this.#users.delete(userID);
  }

  setVideo(userID: string, streamType: PlayerStreamType, on: boolean): void {
    this.join(userID);
    const streams = this.#users.get(userID)!.video;
    if (on) streams.add(streamType);
    else streams.delete(streamType);
  }

  setAudio(userID: string, on: boolean): void {
    this.join(userID);
    this.#users.get(userID)!.audio = on;
  }

  clear(): void {
    this.#users.clear();
  }

  /** For 1020: everybody with everything. */
  entries(): UserEntry[] {
    return [...this.#users].map(([userID, { audio, video }]) => ({
      userid: userID,
      playurl: playerUrl({ userID, streamType: video.has('aux') && !video.has('main') ? 'aux' : 'main' }),
      hasaudio: audio,
      hasvideo: video.size > 0,
    }));
  }
}
