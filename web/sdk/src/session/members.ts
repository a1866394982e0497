/**
 * Who else is in the room and what they publish. Pure: each step returns what changed, in the order
 * in which the application should hear of it.
 *
 * Invariants: a user who exits has been announced to enter; whatever became available becomes
 * unavailable before its user exits; nothing is announced twice in a row.
 */

import type { Kind, Member, Notifications, StreamState, WireStream } from '../signal/messages.js';

export type LeaveReason = Notifications['memberLeft']['reason'];

export type MemberChange =
  | { type: 'enter'; userId: string }
  | { type: 'exit'; userId: string; reason: LeaveReason }
  | { type: 'paused'; userId: string }
  | { type: 'resumed'; userId: string }
  | { type: 'audio'; userId: string; available: boolean }
  | { type: 'video'; userId: string; stream: WireStream; available: boolean };

interface Entry {
  paused: boolean;
  /** "stream/kind" of all that is on. */
  on: Set<string>;
}

export class MemberTable {
  readonly #entries = new Map<string, Entry>();

  userIds(): string[] {
    return [...this.#entries.keys()];
  }

  has(userId: string): boolean {
    return this.#entries.has(userId);
  }

  isOn(userId: string, stream: WireStream, kind: Kind): boolean {
    return this.#entries.get(userId)?.on.has(`${stream}/${kind}`) ?? false;
  }

  join(userId: string): MemberChange[] {
    if (this.#entries.has(userId)) return [];
    this.#entries.set(userId, { paused: false, on: new Set() });
    return [{ type: 'enter', userId }];
  }

  leave(userId: string, reason: LeaveReason): MemberChange[] {
    if (!this.#entries.has(userId)) return [];
    const changes = this.streams(userId, []);
    this.#entries.delete(userId);
    return [...changes, { type: 'exit', userId, reason }];
  }

  pause(userId: string): MemberChange[] {
    return this.#setPaused(userId, true);
  }

  resume(userId: string): MemberChange[] {
    return this.#setPaused(userId, false);
  }

  /** The member's whole state. Somebody unknown is taken to have joined just now. */
  streams(userId: string, streams: readonly StreamState[]): MemberChange[] {
    const changes = this.join(userId);
    const entry = this.#entries.get(userId)!;
    const before = entry.on;
    const after = new Set<string>();
    for (const { stream, audio, video } of streams) {
      if (audio) after.add(`${stream}/audio`);
      if (video) after.add(`${stream}/video`);
    }
    entry.on = after;

    const hadAudio = hasAudio(before);
    if (hadAudio !== hasAudio(after)) changes.push({ type: 'audio', userId, available: !hadAudio });
    for (const stream of ['main', 'aux'] as const) {
      const had = before.has(`${stream}/video`);
      if (had !== after.has(`${stream}/video`)) {
        changes.push({ type: 'video', userId, stream, available: !had });
      }
    }
    return changes;
  }

  /** The whole room as told by `enter`, compared with what was known before. */
  replaceAll(members: readonly Member[]): MemberChange[] {
    const present = new Set(members.map((member) => member.userId));
    const changes: MemberChange[] = [];
    for (const userId of this.userIds()) {
      if (!present.has(userId)) changes.push(...this.leave(userId, 'exit'));
    }
    for (const member of members) {
      changes.push(...this.join(member.userId));
      changes.push(...this.#setPaused(member.userId, member.paused ?? false));
      changes.push(...this.streams(member.userId, member.streams));
    }
    return changes;
  }

  /** Forgets everybody, without a word: it is this user who leaves. */
  clear(): void {
    this.#entries.clear();
  }

  #setPaused(userId: string, paused: boolean): MemberChange[] {
    const entry = this.#entries.get(userId);
    if (!entry || entry.paused === paused) return [];
    entry.paused = paused;
    return [{ type: paused ? 'paused' : 'resumed', userId }];
  }
}

function hasAudio(on: ReadonlySet<string>): boolean {
  return on.has('main/audio') || on.has('aux/audio');
}
