/** One live-player: plays one stream of whatever room the page is in. */

import type { Statistics } from '@duet/sdk';
import type { PlayerAttributes, RawAttributes } from './attributes.js';
import { playerAttributes } from './attributes.js';
import { PLAYER_CODE, wordsOf } from './codes.js';
import type { NetStatus } from './figures.js';
import { playerFigures } from './figures.js';
import type { Cancel, Host } from './host.js';
import type { PlayerUrl } from './room-url.js';
import { parsePlayerUrl } from './room-url.js';
import { pngSize } from './snapshot.js';
import type { Demand, Stage, StagePlayer } from './stage.js';
import { sdkStream } from './stage.js';

export interface PlayerEvents {
  statechange: { code: number; message: string };
  netstatus: { info: NetStatus };
  audiovolumenotify: { volume: number };
  error: { errCode: number; errMsg: string };
  /** Duet's own: what the other side's sendMessage sent; also told as statechange 2012. */
  recvmessage: { message: string };
  fullscreenchange: { direction: number; fullScreen: boolean };
}

export type PlayerSink = <E extends keyof PlayerEvents>(event: E, detail: PlayerEvents[E]) => void;

export interface Picture {
  tempImagePath: string;
  width: number;
  height: number;
}

/**
 * Seconds, as the platform means it by default for broadcasts. Projects write it out for calls too, where a second would be
 * a long wait: it says no more than saying nothing.
 */
const DEFAULT_MIN_CACHE = 1;

function delayOf(minCache: number | undefined, maxCache: number | undefined): number | null {
  if (minCache === undefined || minCache === DEFAULT_MIN_CACHE) return null;
  return Math.round(Math.min(minCache, maxCache ?? minCache) * 1000);
}

export class PlayerEngine implements StagePlayer {
  readonly #host: Host;
  readonly #stage: Stage;
  readonly #emit: PlayerSink;
  readonly #cancelPage: Cancel;
  #attributes: PlayerAttributes = playerAttributes({});
  #address: PlayerUrl | null = null;
  #view: HTMLElement | null = null;
  #started = false;
  #paused = false;
  #muted = false;
  #hidden = false;
  /** Another page of the app lies over this one. */
  #away = false;
  #destroyed = false;
  #quality = 0;
  #size = '';

  constructor(host: Host, stage: Stage, emit: PlayerSink) {
    this.#host = host;
    this.#stage = stage;
    this.#emit = emit;
    this.#cancelPage = host.onPage((state) => {
      this.#hidden = state !== 'visible';
      this.#apply();
    });
  }

  get attributes(): PlayerAttributes {
    return this.#attributes;
  }

  setAttributes(raw: RawAttributes): void {
    if (this.#destroyed) return;
    const before = this.#attributes;
    const now = playerAttributes(raw);
    this.#attributes = now;
    if (now.src !== before.src) {
      const former = this.#address;
      this.#address = parsePlayerUrl(now.src);
      if (former?.userID !== this.#address?.userID) this.#size = '';
      if (now.src !== '' && !this.#address) this.#tellBadSource(now.src);
    }
    if (now.autoplay && (now.src !== before.src || !before.autoplay)) this.#started = now.src !== '';
    if (now.soundMode !== before.soundMode) this.#host.setSoundMode(now.soundMode);
    this.#apply();
  }

  /** Where the picture goes. */
  setView(view: HTMLElement | null): void {
    this.#view = view;
    this.#apply();
  }

  wantVolume(on: boolean): void {
    this.#stage.wantVolume(this, on && !this.#destroyed);
  }

  setAway(away: boolean): void {
    this.#away = away;
    this.#apply();
  }

  play(): void {
    this.#started = true;
    this.#paused = false;
    this.#apply();
  }

  stop(): void {
    this.#started = false;
    this.#apply();
  }

  pause(): void {
    this.#paused = true;
    this.#apply();
  }

  resume(): void {
    this.#paused = false;
    this.#apply();
  }

  /** Switches between silent and audible. */
  mute(): void {
    this.#muted = !this.#muted;
    this.#apply();
  }

  /** Throws when there is no picture. */
  snapshot(): Picture {
    const address = this.#address;
    const picture = address && this.#stage.client?.getVideoSnapshot({
      userId: address.userID, streamType: sdkStream(address.streamType),
    });
    if (!picture) throw new Error('there is no picture to take');
    return { tempImagePath: this.#host.pictureUrl(picture), ...pngSize(picture) };
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#cancelPage();
    this.#stage.wantVolume(this, false);
    this.#stage.want(this, null);
  }

  // --- what the stage tells ---

  connected(): void {
    this.#tell(PLAYER_CODE.CONNECTED);
    this.#tell(PLAYER_CODE.PULLING);
    if (!this.#attributes.muteVideo) this.#tell(PLAYER_CODE.LOADING);
  }

  reconnecting(): void {
    this.#tell(PLAYER_CODE.RECONNECTING);
  }

  firstFrame(width: number, height: number): void {
    this.#tell(PLAYER_CODE.DECODER_STARTED);
    this.#tell(PLAYER_CODE.FIRST_KEY_FRAME);
    this.#tell(PLAYER_CODE.PLAYING);
    this.#tell(PLAYER_CODE.FIRST_FRAME_RENDERED);
    this.resized(width, height);
  }

  resized(width: number, height: number): void {
    const size = `${width}x${height}`;
    if (size === this.#size) return;
    this.#size = size;
    this.#tell(PLAYER_CODE.RESOLUTION_CHANGED, `${wordsOf(PLAYER_CODE.RESOLUTION_CHANGED)}: ${size}`);
  }

  figures(statistics: Statistics): void {
    const client = this.#stage.client;
    const address = this.#address;
    if (!client || !address) return;
    void client.getPeerConnectionStats().catch(() => []).then((entries) => {
      if (this.#destroyed || this.#address !== address) return;
      const stream = { userId: address.userID, streamType: sdkStream(address.streamType) };
      const tracks = [client.getVideoTrack(stream), client.getAudioTrack(stream)];
      const ids = tracks.flatMap((track) => (track ? [track.id] : []));
      this.#emit('netstatus', {
        info: playerFigures(statistics, entries, this.#quality, address.userID, address.streamType, ids),
      });
    });
  }

  quality(downlink: number): void {
    if (downlink >= 4 && this.#quality < 4) this.#tell(PLAYER_CODE.DOWNLINK_POOR);
    this.#quality = downlink;
  }

  volume(volume: number): void {
    this.#emit('audiovolumenotify', { volume });
  }

  message(text: string): void {
    if (!this.#attributes.enableRecvMessage) return;
    this.#tell(PLAYER_CODE.MESSAGE, text);
    this.#emit('recvmessage', { message: text });
  }

  // --- inside ---

  #apply(): void {
    if (!this.#destroyed) this.#stage.want(this, this.#demand());
  }

  #demand(): Demand | null {
    if (!this.#started || !this.#address) return null;
    const { muteAudio, muteVideo, muted, backgroundMute, objectFit, autoPauseIfNavigate, minCache, maxCache } = this.#attributes;
    const paused = this.#paused || (this.#away && autoPauseIfNavigate);
    const silent = muteAudio || muted || this.#muted || paused || (this.#hidden && backgroundMute);
    return {
      ...this.#address,
      view: this.#view,
      video: !muteVideo && !paused,
      audio: !silent,
      fillMode: objectFit,
      delay_ms: delayOf(minCache, maxCache),
    };
  }

  #tellBadSource(src: string): void {
    const errMsg = `live-player plays streams of rooms here: its src must be room://rtc.tencent.com?userid=…&streamtype=…, not '${src.slice(0, 48)}'`;
    this.#tell(PLAYER_CODE.GAVE_UP, errMsg);
    this.#emit('error', { errCode: PLAYER_CODE.GAVE_UP, errMsg });
  }

  #tell(code: number, message = wordsOf(code)): void {
    if (!this.#destroyed) this.#emit('statechange', { code, message });
  }
}
