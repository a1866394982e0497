/**
 * Brings players and the room together: what all players of the page want becomes one set of
 * subscriptions and views of the client that is in the room at the moment.
 *
 * Players come before the room, after it, and stay from one room to the next. One client at a time.
 */

import type { CustomMessageEvent, DuetClient, FillMode, Statistics } from '@duet/sdk';
import type { Cancel } from './host.js';
import type { PlayerStreamType } from './room-url.js';

/** cmdId of what `sendMessage` sends to the players of the others. */
export const SEI_CMD_ID = 10;

/** The most that browsers keep. */
const LONGEST_DELAY_MS = 4_000;

export interface Demand {
  userID: string;
  streamType: PlayerStreamType;
  view: HTMLElement | null;
  video: boolean;
  audio: boolean;
  fillMode: FillMode;
  /** Sound and picture wait so long before they are played; null = no longer than needed. */
  delay_ms: number | null;
}

export interface StagePlayer {
  connected(): void;
  reconnecting(): void;
  firstFrame(width: number, height: number): void;
  resized(width: number, height: number): void;
  figures(statistics: Statistics): void;
  quality(downlink: number): void;
  /** 0..100 */
  volume(volume: number): void;
  message(text: string): void;
}

interface Picture {
  views: HTMLElement[];
  fillMode: FillMode;
  small: boolean;
}

type SdkStream = 'main' | 'sub';

export function sdkStream(streamType: PlayerStreamType): SdkStream {
  return streamType === 'aux' ? 'sub' : 'main';
}

function pictureKey(userID: string, stream: SdkStream): string {
  return `${stream}/${userID}`;
}

function equal(a: Picture, b: Picture | undefined): boolean {
  return b !== undefined && a.fillMode === b.fillMode && a.small === b.small
    && a.views.length === b.views.length && a.views.every((view, i) => view === b.views[i]);
}

export class Stage {
  readonly #demands = new Map<StagePlayer, Demand>();
  #client: DuetClient | null = null;
  #cancels: Cancel[] = [];
  #inRoom = false;
  readonly #pictures = new Map<string, Picture>();
  readonly #voices = new Map<string, boolean>();
  readonly #delays = new Map<string, number>();
  #volumeWanted = new Set<object>();

  get client(): DuetClient | null {
    return this.#client;
  }

  get inRoom(): boolean {
    return this.#inRoom;
  }

  /** The client that players hear and see from now on. */
  attach(client: DuetClient): void {
    if (this.#client === client) return;
    if (this.#client) this.detach(this.#client);
    this.#client = client;
    this.#listen(client);
    this.#applyVolume();
    this.#apply();
  }

  /** The client's room is left: it has forgotten what it was asked for. */
  detach(client: DuetClient): void {
    if (this.#client !== client) return;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.#client = null;
    this.#inRoom = false;
    this.#pictures.clear();
    this.#voices.clear();
    this.#delays.clear();
  }

  /** null = nothing any more. */
  want(player: StagePlayer, demand: Demand | null): void {
    const before = this.#demands.get(player);
    if (demand) this.#demands.set(player, demand);
    else this.#demands.delete(player);
    this.#apply();
    const anew = demand !== null && (before?.userID !== demand.userID || before.streamType !== demand.streamType);
    if (anew && this.#inRoom) player.connected();
  }

  /** `listener` wants to be told how loud it is, or not any more. */
  wantVolume(listener: object, on: boolean): void {
    if (on === this.#volumeWanted.has(listener)) return;
    if (on) this.#volumeWanted.add(listener);
    else this.#volumeWanted.delete(listener);
    this.#applyVolume();
  }

  // --- what is asked of the client ---

  #apply(): void {
    const client = this.#client;
    if (!client) return;
    this.#applyPictures(client);
    this.#applyVoices(client);
    this.#applyDelays(client);
  }

  #wantedPictures(): Map<string, Picture & { userID: string; stream: SdkStream }> {
    const wanted = new Map<string, Picture & { userID: string; stream: SdkStream }>();
    for (const { userID, streamType, view, video, fillMode } of this.#demands.values()) {
      if (!video) continue;
      const stream = sdkStream(streamType);
      const key = pictureKey(userID, stream);
      const known = wanted.get(key);
      const small = streamType === 'small' && (known?.small ?? true); // one that needs it large is enough
      wanted.set(key, { userID, stream, small, fillMode, views: [...(known?.views ?? []), ...(view ? [view] : [])] });
    }
    return wanted;
  }

  #applyPictures(client: DuetClient): void {
    const wanted = this.#wantedPictures();
    for (const key of [...this.#pictures.keys()]) {
      if (wanted.has(key)) continue;
      this.#pictures.delete(key);
      const slash = key.indexOf('/');
      const streamType = key.slice(0, slash) as SdkStream;
      client.stopRemoteVideo({ userId: key.slice(slash + 1), streamType }).catch(ignoreGone);
    }
    for (const [key, { userID, stream, views, fillMode, small }] of wanted) {
      const picture = { views, fillMode, small };
      const known = this.#pictures.get(key);
      if (equal(picture, known)) continue;
      this.#pictures.set(key, picture);
      const sizeMatters = small || known?.small === true;
      client.startRemoteVideo({
        userId: userID, streamType: stream, view: views, option: { fillMode, ...(sizeMatters ? { small } : {}) },
      }).catch(ignoreGone);
    }
  }

  #applyVoices(client: DuetClient): void {
    const wanted = new Map<string, boolean>();
    for (const { userID, audio } of this.#demands.values()) wanted.set(userID, audio || (wanted.get(userID) ?? false));
    for (const userID of [...this.#voices.keys()]) if (!wanted.has(userID)) wanted.set(userID, false);
    for (const [userID, audible] of wanted) {
      if ((this.#voices.get(userID) ?? false) === audible) continue;
      this.#voices.set(userID, audible);
      client.muteRemoteAudio(userID, !audible).catch(ignoreGone);
    }
  }

  /** Lips move with the voice: all of a user waits as long as what waits longest. */
  #applyDelays(client: DuetClient): void {
    const wanted = new Map<string, number>();
    for (const { userID, delay_ms } of this.#demands.values()) {
      if (delay_ms !== null) wanted.set(userID, Math.min(LONGEST_DELAY_MS, Math.max(delay_ms, wanted.get(userID) ?? 0)));
    }
    for (const userID of new Set([...wanted.keys(), ...this.#delays.keys()])) {
      const delay_ms = wanted.get(userID);
      if (delay_ms === this.#delays.get(userID)) continue;
      if (delay_ms === undefined) this.#delays.delete(userID);
      else this.#delays.set(userID, delay_ms);
      client.setRemotePlayoutDelay(userID, delay_ms ?? null);
    }
  }

  #applyVolume(): void {
    this.#client?.enableAudioVolumeEvaluation(this.#volumeWanted.size > 0 ? 500 : 0);
  }

  // --- what the client tells ---

  #listen(client: DuetClient): void {
    const on: DuetClient['on'] = (event, handler) => {
      client.on(event, handler);
      this.#cancels.push(() => client.off(event, handler));
      return client;
    };
    on('connection-state-changed', ({ state }) => {
      if (state === 'CONNECTED') this.#entered();
      if (state === 'RECONNECTING') this.#each(() => true, (player) => player.reconnecting());
    });
    on('first-video-frame', ({ userId, streamType, width, height }) => (
      this.#of(userId, streamType, (player) => player.firstFrame(width, height))));
    on('video-size-changed', ({ userId, streamType, newWidth, newHeight }) => (
      this.#of(userId, streamType, (player) => player.resized(newWidth, newHeight))));
    on('statistics', (statistics) => this.#each(() => true, (player) => player.figures(statistics)));
    on('network-quality', ({ downlinkNetworkQuality }) => (
      this.#each(() => true, (player) => player.quality(downlinkNetworkQuality))));
    on('audio-volume', ({ result }) => {
      for (const { userId, volume } of result) {
        if (userId !== '') this.#of(userId, 'main', (player) => player.volume(volume));
      }
    });
    on('custom-message', (message) => this.#message(message));
  }

  #entered(): void {
    this.#inRoom = true;
    this.#each(() => true, (player) => player.connected());
  }

  #message({ userId, cmdId, data }: CustomMessageEvent): void {
    if (cmdId !== SEI_CMD_ID) return;
    const text = new TextDecoder().decode(data);
    this.#of(userId, 'main', (player) => player.message(text));
  }

  #of(userId: string, streamType: SdkStream, tell: (player: StagePlayer) => void): void {
    this.#each((demand) => demand.userID === userId && sdkStream(demand.streamType) === streamType, tell);
  }

  #each(matches: (demand: Demand) => boolean, tell: (player: StagePlayer) => void): void {
    for (const [player, demand] of [...this.#demands]) if (matches(demand)) tell(player);
  }
}

/** A request that was overtaken by a leave or a lost connection; the SDK remembers the wish and tries again. */
function ignoreGone(): void {}
