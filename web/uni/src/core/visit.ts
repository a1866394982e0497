/**
 * Being in a room:  out -> entering -> in -> out, driven by one question: which url is wanted now? Tells
 * what happens there as codes, the others in the room included.
 */

import type { ConnectionState, DuetClient, DuetEvents, EnterRoomParams } from '@duet/sdk';
import { PUSHER_CODE } from './codes.js';
import type { Failure } from './failures.js';
import { isMediaTrouble, roomFailure } from './failures.js';
import { Pump } from './pump.js';
import type { PlayerStreamType, PusherUrl } from './room-url.js';
import { parsePusherUrl, RoomUrlError } from './room-url.js';
import type { Stage } from './stage.js';
import { audioEntry, userListMessage, UserTable, videoEntry } from './users.js';

export interface VisitHost {
  /** The url whose room is to be entered, '' = none. */
  wantedUrl(): string;
  serverOf(room: PusherUrl): string;
  /** The browser knows of a network. */
  isOnline(): boolean;
  /** In the background. */
  isSuspended(): boolean;
  tell(code: number, message?: string): void;
  fail(failure: Failure): void;
  /** Out of the room, on purpose or not; told before 1019. */
  ended(): void;
}

function tagStream(streamType: 'main' | 'sub'): PlayerStreamType {
  return streamType === 'sub' ? 'aux' : 'main';
}

const KICK_WORDS: Readonly<Record<DuetEvents['kicked-out']['reason'], string>> = {
  replaced: 'the same user entered this room elsewhere',
  kick: 'this user was removed from the room',
  banned: 'this user may not be in this room',
  room_disband: 'the room was dismissed',
};

function enterRoomParams(room: PusherUrl, server: string): EnterRoomParams {
  return {
    sdkAppId: room.sdkAppID,
    userId: room.userID,
    userSig: room.userSig,
    ...(typeof room.roomID === 'number' ? { roomId: room.roomID } : { strRoomId: room.roomID }),
    scene: room.scene,
    role: room.role,
    // What is heard and seen is what a player plays.
    autoReceiveAudio: false,
    autoReceiveVideo: false,
    server,
    ...(room.template ? { template: room.template } : {}),
    ...(room.privateMapKey ? { privateMapKey: room.privateMapKey } : {}),
    ...(room.cloudenv ? { cloudenv: room.cloudenv } : {}),
  };
}

export class Visit {
  readonly #client: DuetClient;
  readonly #stage: Stage;
  readonly #host: VisitHost;
  readonly #pump = new Pump(() => this.#step());
  readonly #users = new UserTable();
  /** The url whose room is being entered or was. */
  #entered = '';
  #entering = false;
  #refused = '';
  #connection: ConnectionState = 'DISCONNECTED';

  constructor(client: DuetClient, stage: Stage, host: VisitHost) {
    this.#client = client;
    this.#stage = stage;
    this.#host = host;
    this.#listen();
  }

  /** In a room, or entering one. */
  get on(): boolean {
    return this.#entered !== '';
  }

  /** A url that was refused is not tried again until forgive(). */
  isRefused(url: string): boolean {
    return url !== '' && url === this.#refused;
  }

  forgive(): void {
    this.#refused = '';
  }

  /** Another url may be wanted now. */
  update(): void {
    // What is being entered and not wanted any more need not be waited for.
    if (this.#entering && this.#entered !== this.#host.wantedUrl()) void this.#client.exitRoom().catch(() => undefined);
    void this.#pump.poke();
  }

  async #step(): Promise<void> {
    const wanted = this.#host.wantedUrl();
    if (this.#entered !== '' && this.#entered !== wanted) await this.#leave();
    if (wanted !== '' && this.#entered === '' && wanted !== this.#refused) await this.#enter(wanted);
  }

  async #enter(url: string): Promise<void> {
    let room: PusherUrl;
    try {
      room = parsePusherUrl(url);
    } catch (error) {
      if (!(error instanceof RoomUrlError)) throw error;
      this.#refuse(url, { codes: [error.code], message: error.message });
      return;
    }
    this.#entered = url;
    this.#entering = true;
    this.#stage.attach(this.#client);
    try {
      await this.#client.enterRoom(enterRoomParams(room, this.#host.serverOf(room)));
      this.#host.tell(PUSHER_CODE.USER_LIST, userListMessage(this.#users.entries()));
      if (this.#host.isSuspended()) this.#client.suspend();
    } catch (error) {
      this.#stage.detach(this.#client);
      this.#users.clear();
      this.#entered = '';
      const failure = roomFailure(error, this.#host.isOnline());
      if (failure) this.#refuse(url, failure);
    } finally {
      this.#entering = false;
    }
  }

  async #leave(): Promise<void> {
    this.#stage.detach(this.#client);
    await this.#client.exitRoom().catch(() => undefined);
    this.#ended();
  }

  #ended(): void {
    if (this.#entered === '') return;
    this.#entered = '';
    this.#users.clear();
    this.#stage.detach(this.#client);
    this.#host.ended();
    this.#host.tell(PUSHER_CODE.LEFT);
  }

  #refuse(url: string, failure: Failure): void {
    this.#refused = url;
    this.#host.fail(failure);
  }

  #endedBy(failure: Failure): void {
    this.#refuse(this.#entered, failure);
    this.#ended();
  }

  // --- what the SDK tells ---

  #listen(): void {
    const client = this.#client;
    const { tell } = this.#host;
    client.on('connection-state-changed', (change) => this.#connectionChanged(change));
    client.on('remote-user-enter', ({ userId }) => {
      this.#users.join(userId);
      tell(PUSHER_CODE.USER_JOINED, userListMessage([{ userid: userId }]));
    });
    client.on('remote-user-exit', ({ userId }) => {
      this.#users.leave(userId);
      tell(PUSHER_CODE.USER_LEFT, userListMessage([{ userid: userId }]));
    });
    client.on('remote-video-available', ({ userId, streamType }) => this.#video(userId, tagStream(streamType), true));
    client.on('remote-video-unavailable', ({ userId, streamType }) => this.#video(userId, tagStream(streamType), false));
    client.on('remote-audio-available', ({ userId }) => this.#audio(userId, true));
    client.on('remote-audio-unavailable', ({ userId }) => this.#audio(userId, false));
    client.on('kicked-out', ({ reason }) => {
      this.#endedBy({ codes: [PUSHER_CODE.CLOSED_BY_SERVER], message: KICK_WORDS[reason] });
    });
    client.on('error', (error) => this.#failed(error));
  }

  #connectionChanged({ prevState, state }: DuetEvents['connection-state-changed']): void {
    this.#connection = state;
    if (state === 'CONNECTED') {
      this.#host.tell(PUSHER_CODE.CONNECTED);
      if (prevState === 'CONNECTING') this.#host.tell(PUSHER_CODE.ENTERED);
    } else if (state === 'RECONNECTING' && !this.#host.isSuspended()) {
      this.#host.tell(PUSHER_CODE.RECONNECTING);
    }
  }

  #failed(error: DuetEvents['error']): void {
    if (isMediaTrouble(error)) {
      this.#host.fail({ codes: [PUSHER_CODE.IO_ERROR], message: error.message });
      return;
    }
    // With the connection it was an attempt to reconnect that was refused: the SDK has given up.
    if (this.#connection !== 'DISCONNECTED' || this.#entered === '' || this.#entering) return;
    const failure = roomFailure(error, this.#host.isOnline());
    if (failure) this.#endedBy({ ...failure, codes: [...failure.codes, PUSHER_CODE.GAVE_UP] });
  }

  #video(userID: string, streamType: PlayerStreamType, on: boolean): void {
    this.#users.setVideo(userID, streamType, on);
    this.#host.tell(PUSHER_CODE.VIDEO_STATE, userListMessage([videoEntry(userID, streamType, on)]));
  }

  #audio(userID: string, on: boolean): void {
    this.#users.setAudio(userID, on);
    this.#host.tell(PUSHER_CODE.AUDIO_STATE, userListMessage([audioEntry(userID, on)]));
  }
}
