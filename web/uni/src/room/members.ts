/** Who is in the room and what of them is wanted. Pure. */

export type Quality = 'main' | 'small';

export interface Member {
  userID: string;
  hasMainVideo: boolean;
  hasMainAudio: boolean;
  hasAuxVideo: boolean;
  /** Its connection is lost and its seat kept. */
  paused: boolean;
}

/** What getRemoteUserList gives. */
export type RemoteUser = Omit<Member, 'paused'> & { hasAuxAudio: boolean };

interface Wishes {
  mainVideo?: boolean;
  auxVideo?: boolean;
  audio?: boolean;
  quality?: Quality;
}

export class Members {
  readonly #members = new Map<string, Member>();
  /** Asked for by the page; also for those who are not there yet. */
  readonly #wishes = new Map<string, Wishes>();

  /** True when the member is new. */
  join(userID: string): boolean {
    if (this.#members.has(userID)) return false;
    this.#members.set(userID, { userID, hasMainVideo: false, hasMainAudio: false, hasAuxVideo: false, paused: false });
    return true;
  }

  leave(userID: string): Member | undefined {
    const member = this.#members.get(userID);
    this.#members.delete(userID);
    return member;
  }

  /** Members change in place. */
  get(userID: string): Member | undefined {
    return this.#members.get(userID);
  }

  all(): Member[] {
    return [...this.#members.values()];
  }

  list(): RemoteUser[] {
    return this.all().map(({ paused: _, ...member }) => ({ ...member, hasAuxAudio: false }));
  }

  wish(userID: string, wishes: Wishes): void {
    this.#wishes.set(userID, { ...this.#wishes.get(userID), ...wishes });
  }

  /** recvMode 1 everything, 2 sound, 3 pictures, 4 nothing comes without being asked for. */
  wanted(userID: string, recvMode: number): Required<Wishes> {
    const wishes = this.#wishes.get(userID) ?? {};
    const video = recvMode === 1 || recvMode === 3;
    const audio = recvMode === 1 || recvMode === 2;
    return {
      mainVideo: wishes.mainVideo ?? video,
      auxVideo: wishes.auxVideo ?? video,
      audio: wishes.audio ?? audio,
      quality: wishes.quality ?? 'main',
    };
  }

  /** Nobody is there; what was asked for stays. */
  clear(): void {
    this.#members.clear();
  }

  forgetWishes(): void {
    this.#wishes.clear();
  }
}
