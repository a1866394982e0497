/**
 * The class that applications use. It checks arguments, wires the parts to each other and turns
 * their events into the API's; decisions are made in the parts.
 */

import type { DuetClient } from './api.js';
import { ERROR_CODE, invalidOperation, invalidParameter, RtcError } from './errors.js';
import type { DuetEvents, DuetHandler, PlayStateReason, UserExit } from './events.js';
import { EVENT } from './events.js';
import { DeviceWatcher, listDevices, readPermissions } from './media/devices.js';
import { LocalAudio } from './media/local-audio.js';
import { LocalScreen } from './media/local-screen.js';
import type { Publication } from './media/local-source.js';
import { LocalVideo } from './media/local-video.js';
import { Monitor } from './media/monitor.js';
import { RemoteMedia } from './media/remote-media.js';
import type { VideoPlayerEvents } from './media/video-player.js';
import { browserPlatform } from './platform/browser.js';
import type { Cancel, MediaState, Platform } from './platform/platform.js';
import { checkSupport } from './platform/support.js';
import { KINDS, STREAMS, toStreamType, toWire } from './session/keys.js';
import type { LeaveReason, MemberChange } from './session/members.js';
import { MessageBudget } from './session/message-budget.js';
import { toRtcError } from './session/problems.js';
import { mediaTypeOf, PublishStates } from './session/publish-states.js';
import { Room } from './session/room.js';
import type { Kind, Notifications, WireStream } from './signal/messages.js';
import type {
  CreateOptions, CustomMessage, EnterRoomParams, LocalAudioConfig, LocalVideoConfig, LogLevel,
  PermissionQuery, Permissions, RemoteVideoConfig, ScreenShareConfig, StatsEntry,
  StopRemoteVideoConfig, StreamType, SupportResult, TrackConfig, UpdateLocalAudioConfig,
  UpdateLocalVideoConfig, UpdateScreenShareConfig,
} from './types.js';
import { TYPE } from './types.js';
import { fromBase64, toBase64 } from './util/base64.js';
import { Emitter } from './util/emitter.js';
import { setLogLevel } from './util/log.js';
import {
  checkDelay, checkMessage, checkStreamType, checkUserId, checkVolume, roomParams,
} from './validate.js';

declare const __DUET_VERSION__: string;

const EXIT_REASONS: Readonly<Record<LeaveReason, UserExit['reason']>> = {
  exit: 0, replaced: 0, timeout: 1, kicked: 2, role: 3,
};
const PLAY_REASONS: Readonly<Record<MediaState, PlayStateReason>> = {
  PLAYING: 'playing', PAUSED: 'pause', STOPPED: 'ended',
};
const MIN_VOLUME_INTERVAL_MS = 100;

export class Duet implements DuetClient {
  static readonly EVENT = EVENT;
  static readonly ERROR_CODE = ERROR_CODE;
  static readonly TYPE = TYPE;
  static readonly VERSION: string = __DUET_VERSION__;

  static create(options: CreateOptions = {}): Duet {
    return new Duet(options);
  }

  static setLogLevel(level: LogLevel): void {
    setLogLevel(level);
  }

  static isSupported(): Promise<SupportResult> {
    return checkSupport();
  }

  static getPermissions(query: PermissionQuery = {}): Promise<Permissions> {
    return attributed('getPermissions', () => readPermissions(browserPlatform(), query));
  }

  static getCameraList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return attributed('getCameraList', () => listDevices(browserPlatform(), 'videoinput', requestPermission));
  }

  static getMicrophoneList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return attributed('getMicrophoneList', () => listDevices(browserPlatform(), 'audioinput', requestPermission));
  }

  static getSpeakerList(requestPermission = true): Promise<MediaDeviceInfo[]> {
    return attributed('getSpeakerList', () => listDevices(browserPlatform(), 'audiooutput', requestPermission));
  }

  static setCurrentSpeaker(deviceId: string): Promise<void> {
    return attributed('setCurrentSpeaker', () => browserPlatform().setSpeaker(deviceId));
  }

  readonly #platform: Platform;
  readonly #events = new Emitter<DuetEvents>();
  readonly #audio: LocalAudio;
  readonly #video: LocalVideo;
  readonly #screen: LocalScreen;
  readonly #remote: RemoteMedia;
  readonly #monitor: Monitor;
  readonly #devices: DeviceWatcher;
  readonly #budget = new MessageBudget();
  readonly #publishStates = new PublishStates();
  readonly #cancels: Cancel[] = [];
  /** What the user wants of remote streams, replayed into each Room of one visit. */
  readonly #wishes = new Map<string, (room: Room) => Promise<void>>();
  #room: Room | null = null;

  /** Applications call Duet.create(). `platform` is for tests and for shells that are no browser. */
  constructor(options: CreateOptions = {}, platform: Platform = browserPlatform()) {
    if (options.logLevel !== undefined) setLogLevel(options.logLevel);
    this.#platform = platform;
    this.#audio = new LocalAudio(platform);
    this.#video = new LocalVideo(platform, this.#previewEvents('main'));
    this.#screen = new LocalScreen(platform, this.#previewEvents('sub'));
    this.#remote = new RemoteMedia(platform);
    this.#monitor = new Monitor(platform, {
      inRoom: () => this.#room !== null,
      connected: () => this.#room?.state === 'CONNECTED',
      stats: () => this.getPeerConnectionStats(),
      microphone: () => this.#audio.track,
      remote: (mid) => this.#room?.streamAt(mid),
      own: (mid) => this.#room?.ownStreamAt(mid),
    });
    this.#devices = new DeviceWatcher(platform);
    this.#wireLocal();
    this.#wireRemote();
    this.#wirePlatform();
  }

  // --- the room ---

  enterRoom(params: EnterRoomParams): Promise<void> {
    return attributed('enterRoom', async () => {
      if (this.#room) throw invalidOperation('this user is in a room or entering one; call exitRoom first');
      const room = new Room(
        this.#platform, roomParams(params, this.#platform.origin(), Duet.VERSION));
      this.#room = room;
      this.#wireRoom(room);
      for (const [stream, kind] of allMedia()) {
        const publication = this.#publication(stream, kind);
        await room.setOutgoing(stream, kind, publication?.outgoing ?? null, publication?.on ?? false);
      }
      for (const wish of this.#wishes.values()) await wish(room);
      try {
        await room.enter();
      } catch (error) {
        this.#roomEnded(room);
        throw error;
      }
      if (this.#room !== room) return;
      this.#monitor.start();
      for (const [stream, kind] of allMedia()) {
        if (this.#publication(stream, kind)) this.#publishState(stream, kind, 'started');
      }
    });
  }

  exitRoom(): Promise<void> {
    return attributed('exitRoom', async () => {
      const room = this.#room;
      const left = room?.exit();
      if (room) this.#roomEnded(room);
      this.#wishes.clear();
      this.#remote.clear();
      await left;
    });
  }

  suspend(): void {
    this.#room?.suspend();
  }

  resume(): void {
    this.#room?.wake();
  }

  destroy(): void {
    this.#room?.abandon();
    this.#room = null;
    this.#events.removeAllHandlers();
    this.#wishes.clear();
    this.#remote.clear();
    this.#monitor.stop();
    this.#monitor.setVolumeInterval(0, false);
    this.#devices.stop();
    for (const cancel of this.#cancels) cancel();
    void this.#audio.stop();
    void this.#video.stop();
    void this.#screen.stop();
  }

  // --- what is sent ---

  startLocalAudio(config: LocalAudioConfig = {}): Promise<void> {
    return attributed('startLocalAudio', async () => {
      await this.#audio.start(config);
      this.#announce(this.#audio.track, 'main');
      await this.#send('main', 'audio');
    });
  }

  updateLocalAudio(config: UpdateLocalAudioConfig): Promise<void> {
    return attributed('updateLocalAudio', () => this.#update(
      'main', ['audio'], () => this.#audio.track, () => this.#audio.update(config)));
  }

  stopLocalAudio(): Promise<void> {
    return attributed('stopLocalAudio', async () => {
      await this.#audio.stop();
      await this.#send('main', 'audio');
    });
  }

  startLocalVideo(config: LocalVideoConfig = {}): Promise<void> {
    return attributed('startLocalVideo', async () => {
      await this.#video.start(config);
      this.#announce(this.#video.track, 'main');
      await this.#send('main', 'video');
    });
  }

  updateLocalVideo(config: UpdateLocalVideoConfig): Promise<void> {
    return attributed('updateLocalVideo', () => this.#update(
      'main', ['video'], () => this.#video.track, () => this.#video.update(config)));
  }

  stopLocalVideo(): Promise<void> {
    return attributed('stopLocalVideo', async () => {
      await this.#video.stop();
      await this.#send('main', 'video');
    });
  }

  startScreenShare(config: ScreenShareConfig = {}): Promise<void> {
    return attributed('startScreenShare', async () => {
      await this.#screen.start(config);
      this.#announce(this.#screen.track('video'), 'sub');
      try {
        await Promise.all(KINDS.map((kind) => this.#send('aux', kind)));
      } catch (error) {
        await this.#screen.stop(); // a picker that stays open on something nobody sees helps nobody
        await Promise.allSettled(KINDS.map((kind) => this.#send('aux', kind)));
        throw error;
      }
    });
  }

  updateScreenShare(config: UpdateScreenShareConfig): Promise<void> {
    return attributed('updateScreenShare', () => this.#update(
      'aux', KINDS, () => this.#screen.track('video'), () => this.#screen.update(config)));
  }

  stopScreenShare(): Promise<void> {
    return attributed('stopScreenShare', async () => {
      await this.#screen.stop();
      await Promise.all(KINDS.map((kind) => this.#send('aux', kind)));
    });
  }

  // --- what is received ---

  startRemoteVideo(config: RemoteVideoConfig): Promise<void> {
    return attributed('startRemoteVideo', async () => {
      const streamType = this.#setRemoteView(config);
      const stream = toWire(streamType);
      const { userId } = config;
      const sized = this.#wishSize(config, stream);
      await this.#wish(`video/${stream}/${userId}`, (room) => room.want({ userId, stream, kind: 'video' }, true));
      await sized;
    });
  }

  updateRemoteVideo(config: RemoteVideoConfig): Promise<void> {
    return attributed('updateRemoteVideo', async () => {
      await this.#wishSize(config, toWire(this.#setRemoteView(config)));
    });
  }

  stopRemoteVideo(config: StopRemoteVideoConfig): Promise<void> {
    return attributed('stopRemoteVideo', async () => {
      const { userId } = config;
      if (userId === '*') {
        const all = (this.#room?.userIds() ?? []).flatMap((id) => STREAMS.map((stream) => [id, stream] as const));
        await Promise.all(all.map(([id, stream]) => this.#stopRemoteVideo(id, stream)));
        return;
      }
      if (config.streamType === undefined) throw invalidParameter("streamType is needed, 'main' or 'sub'");
      await this.#stopRemoteVideo(checkUserId(userId), toWire(checkStreamType(config.streamType)));
    });
  }

  muteRemoteAudio(userId: string, mute: boolean): Promise<void> {
    return attributed('muteRemoteAudio', async () => {
      checkUserId(userId);
      if (userId === '*') {
        for (const key of [...this.#wishes.keys()]) if (key.startsWith('audio/')) this.#wishes.delete(key);
        await this.#wish('audio/*', (room) => room.wantAllAudio(!mute));
        return;
      }
      await this.#wish(`audio/user/${userId}`, async (room) => {
        await Promise.all(STREAMS.map((stream) => room.want({ userId, stream, kind: 'audio' }, !mute)));
      });
    });
  }

  setRemoteAudioVolume(userId: string, volume: number): void {
    attributedSync('setRemoteAudioVolume', () => {
      this.#remote.setVolume(checkUserId(userId), checkVolume(volume) / 100);
    });
  }

  setRemotePlayoutDelay(userId: string, delay: number | null): void {
    attributedSync('setRemotePlayoutDelay', () => {
      const delay_ms = checkDelay(delay);
      checkUserId(userId);
      void this.#wish(`delay/${userId}`, async (room) => room.setDelay(userId, delay_ms));
    });
  }

  // --- the rest ---

  enableAudioVolumeEvaluation(interval = 2_000, enableInBackground = false): void {
    const interval_ms = interval > 0 ? Math.max(MIN_VOLUME_INTERVAL_MS, interval) : 0;
    this.#monitor.setVolumeInterval(interval_ms, enableInBackground);
  }

  sendCustomMessage(message: CustomMessage): void {
    attributedSync('sendCustomMessage', () => {
      checkMessage(message);
      const room = this.#room;
      if (room?.state !== 'CONNECTED') throw invalidOperation('not in a room, or its connection is lost at the moment');
      if (!this.#budget.take(this.#platform.now(), message.data.byteLength)) {
        throw invalidOperation('too many messages: at most 30 and 8 KiB in a second');
      }
      const { to, cmdId, data } = message;
      room.sendMessage({ cmdId, data: toBase64(data), ...(to === undefined ? {} : { to }) })
        .catch((error: unknown) => this.#fail(RtcError.convertFrom(toRtcError(error), 'sendCustomMessage')));
    });
  }

  getAudioTrack(config: TrackConfig | string = {}): MediaStreamTrack | null {
    const { userId = '', streamType = 'main' } = typeof config === 'string' ? { userId: config } : config;
    if (userId !== '') return this.#remote.track(userId, streamType, 'audio');
    return streamType === 'sub' ? this.#screen.track('audio') : this.#audio.track;
  }

  getVideoTrack({ userId = '', streamType = 'main' }: TrackConfig = {}): MediaStreamTrack | null {
    if (userId !== '') return this.#remote.track(userId, streamType, 'video');
    return streamType === 'sub' ? this.#screen.track('video') : this.#video.track;
  }

  getVideoSnapshot({ userId = '', streamType = 'main' }: TrackConfig = {}): string {
    if (userId !== '') return this.#remote.snapshot(userId, streamType);
    return streamType === 'sub' ? this.#screen.snapshot() : this.#video.snapshot();
  }

  async getPeerConnectionStats(): Promise<StatsEntry[]> {
    return (await this.#room?.stats()) ?? [];
  }

  on<E extends keyof DuetEvents>(event: E, handler: DuetHandler<E>, context?: unknown): this {
    this.#events.on(event, handler as (payload: DuetEvents[E]) => void, context);
    return this;
  }

  off<E extends keyof DuetEvents>(event: E, handler: DuetHandler<E>, context?: unknown): this;
  off(event: '*'): this;
  off<E extends keyof DuetEvents>(event: E | '*', handler?: DuetHandler<E>, context?: unknown): this {
    if (event === '*') this.#events.removeAllHandlers();
    else if (handler) this.#events.off(event, handler as (payload: DuetEvents[E]) => void, context);
    return this;
  }

  // --- sending ---

  #publication(stream: WireStream, kind: Kind): Publication | null {
    if (stream === 'aux') return this.#screen.publication(kind);
    return kind === 'audio' ? this.#audio.publication() : this.#video.publication();
  }

  /** Makes the room send what the local sources have now. */
  async #send(stream: WireStream, kind: Kind): Promise<void> {
    const room = this.#room;
    if (!room || room.closed) return;
    const publication = this.#publication(stream, kind);
    try {
      if (publication) this.#publishState(stream, kind, 'starting');
      await room.setOutgoing(stream, kind, publication?.outgoing ?? null, publication?.on ?? false);
      if (this.#room === room) this.#publishState(stream, kind, publication ? 'started' : 'stopped');
    } catch (error) {
      const rtcError = toRtcError(error);
      this.#publishState(stream, kind, 'stopped', rtcError);
      throw rtcError;
    }
  }

  #publishState(
    stream: WireStream, kind: Kind, state: 'starting' | 'started' | 'stopped', error?: RtcError,
  ): void {
    const mediaType = mediaTypeOf(stream, kind);
    const event = mediaType && this.#publishStates.change(mediaType, state, error);
    if (event) this.#events.emit('publish-state-changed', event);
  }

  /** Sends what is there after the update also when it failed, for a failed switch may have lost the old device. */
  async #update(
    stream: WireStream, kinds: readonly Kind[], track: () => MediaStreamTrack | null, update: () => Promise<void>,
  ): Promise<void> {
    const before = track();
    try {
      await update();
    } finally {
      if (track() !== before) this.#announce(track(), toStreamType(stream));
      await Promise.all(kinds.map((kind) => this.#send(stream, kind)));
    }
  }

  #announce(track: MediaStreamTrack | null, streamType: StreamType): void {
    if (!track) return;
    this.#events.emit('track', { userId: '', streamType, track, sourceTrack: track });
    if (streamType === 'main') void this.#devices.activated(track);
  }

  #sendInBackground(stream: WireStream, kind: Kind): void {
    this.#send(stream, kind).catch((error: unknown) => this.#fail(toRtcError(error)));
  }

  // --- receiving ---

  #setRemoteView({ userId, streamType, view, option }: RemoteVideoConfig): StreamType {
    const type = checkStreamType(streamType);
    this.#remote.setView(checkUserId(userId), type, {
      ...(view === undefined ? {} : { containers: this.#platform.resolveView(view) }),
      ...(option ? { option } : {}),
    });
    return type;
  }

  async #stopRemoteVideo(userId: string, stream: WireStream): Promise<void> {
    this.#remote.setView(userId, toStreamType(stream), { containers: [] });
    await this.#wish(`video/${stream}/${userId}`, (room) => room.want({ userId, stream, kind: 'video' }, false));
  }

  async #wish(key: string, wish: (room: Room) => Promise<void>): Promise<void> {
    this.#wishes.delete(key); // the latest goes last
    this.#wishes.set(key, wish);
    if (this.#room && !this.#room.closed) await wish(this.#room);
  }

  async #wishSize({ userId, option }: RemoteVideoConfig, stream: WireStream): Promise<void> {
    if (option?.small === undefined) return;
    const quality = option.small ? 'small' : 'main';
    await this.#wish(`size/${stream}/${userId}`, (room) => room.setQuality({ userId, stream, kind: 'video' }, quality));
  }

  async #resumePlayback(): Promise<void> {
    await Promise.all([this.#remote.play(), this.#video.play(), this.#screen.play()]);
  }

  // --- wiring ---

  #previewEvents(streamType: StreamType): VideoPlayerEvents {
    const userId = '';
    return {
      firstFrame: ({ width, height }) => this.#events.emit('first-video-frame', { userId, streamType, width, height }),
      resized: ({ width, height }) => this.#events.emit(
        'video-size-changed', { userId, streamType, newWidth: width, newHeight: height }),
      stateChanged: (state) => this.#events.emit(
        'video-play-state-changed', { userId, streamType, state, reason: PLAY_REASONS[state] }),
      blocked: () => this.#events.emit('autoplay-failed', {
        userId, mediaType: streamType === 'sub' ? 'screen' : 'video', resume: () => this.#resumePlayback(),
      }),
    };
  }

  #wireLocal(): void {
    this.#audio.on('changed', () => this.#sendInBackground('main', 'audio'));
    this.#video.on('changed', () => this.#sendInBackground('main', 'video'));
    this.#screen.on('changed', () => {
      for (const kind of KINDS) this.#sendInBackground('aux', kind);
    });
    this.#screen.on('stopped', () => this.#events.emit('screen-share-stopped', undefined));
    for (const source of [this.#audio, this.#video]) {
      source.on('lost', (error) => this.#fail(error));
      source.on('replaced', (track) => this.#announce(track, 'main'));
    }
  }

  #wireRemote(): void {
    const events = this.#events;
    this.#remote.on('firstFrame', ({ userId, streamType, size: { width, height } }) => (
      events.emit('first-video-frame', { userId, streamType, width, height })));
    this.#remote.on('resized', ({ userId, streamType, size }) => (
      events.emit('video-size-changed', { userId, streamType, newWidth: size.width, newHeight: size.height })));
    this.#remote.on('videoState', ({ userId, streamType, state }) => (
      events.emit('video-play-state-changed', { userId, streamType, state, reason: PLAY_REASONS[state] })));
    this.#remote.on('audioState', ({ userId, state }) => (
      events.emit('audio-play-state-changed', { userId, state, reason: PLAY_REASONS[state] })));
    this.#remote.on('blocked', ({ userId, mediaType }) => (
      events.emit('autoplay-failed', { userId, mediaType, resume: () => this.#resumePlayback() })));
    this.#remote.on('track', ({ userId, streamType, track }) => (
      events.emit('track', { userId, streamType, track, sourceTrack: track })));
    this.#monitor.on('statistics', (statistics) => events.emit('statistics', statistics));
    this.#monitor.on('uplink', (sample) => this.#room?.followUplink(sample));
    this.#monitor.on('downlinks', (samples) => this.#room?.followDownlinks(samples));
    this.#monitor.on('sounds', (samples) => this.#room?.followSounds(samples));
    this.#monitor.on('quality', (quality) => events.emit('network-quality', quality));
    this.#monitor.on('volumes', (result) => events.emit('audio-volume', { result }));
    this.#devices.on('device', (change) => events.emit('device-changed', change));
    this.#devices.on('permission', (permissions) => events.emit('permission-state-change', permissions));
  }

  #wirePlatform(): void {
    this.#cancels.push(
      this.#platform.onOnline(() => this.#room?.nudge()),
      this.#platform.onVisibilityChange(() => {
        if (!this.#platform.isHidden()) this.#room?.nudge();
      }),
      this.#platform.onPageHide((persisted) => {
        if (!persisted) this.#room?.abandon();
      }),
    );
  }

  #wireRoom(room: Room): void {
    room.on('state', ({ previous, state, reason }) => {
      this.#events.emit('connection-state-changed', {
        prevState: previous, state, isReconnecting: state === 'RECONNECTING', ...(reason ? { reason } : {}),
      });
      if (state !== 'CONNECTED') this.#monitor.serverSilent();
    });
    room.on('member', (change) => this.#memberChanged(change));
    room.on('tracks', () => this.#remote.sync(room));
    room.on('message', (message) => this.#messageArrived(message));
    room.on('quality', (report) => this.#monitor.serverSays(report));
    room.on('speakers', (speakers) => this.#monitor.serverHears(speakers));
    room.on('trouble', (error) => this.#fail(error));
    room.on('kicked', (reason) => {
      this.#roomEnded(room);
      this.#events.emit('kicked-out', { reason });
    });
    room.on('failed', (error) => {
      this.#roomEnded(room);
      this.#fail(error);
    });
  }

  /** Nothing is played any more, but views and wishes stay until exitRoom, for the next enterRoom to go on with. */
  #roomEnded(room: Room): void {
    if (this.#room !== room) return;
    this.#room = null;
    this.#monitor.stop();
    this.#remote.stop();
    for (const [stream, kind] of allMedia()) this.#publishState(stream, kind, 'stopped');
  }

  #memberChanged(change: MemberChange): void {
    const { userId } = change;
    switch (change.type) {
      case 'enter': return this.#events.emit('remote-user-enter', { userId });
      case 'exit': return this.#events.emit('remote-user-exit', { userId, reason: EXIT_REASONS[change.reason] ?? 0 });
      case 'paused': return this.#events.emit('remote-user-paused', { userId });
      case 'resumed': return this.#events.emit('remote-user-resumed', { userId });
      case 'audio':
        return this.#events.emit(change.available ? 'remote-audio-available' : 'remote-audio-unavailable', { userId });
      case 'video':
        return this.#events.emit(
          change.available ? 'remote-video-available' : 'remote-video-unavailable',
          { userId, streamType: toStreamType(change.stream) });
    }
  }

  #messageArrived({ userId, cmdId, seq, data }: Notifications['message']): void {
    let bytes: ArrayBuffer;
    try {
      bytes = fromBase64(data);
    } catch {
      return; // not base64: the server checks it, so this is nobody's message
    }
    this.#events.emit('custom-message', { userId, cmdId, seq, data: bytes });
  }

  #fail(error: RtcError): void {
    this.#events.emit('error', error);
  }
}

function allMedia(): Array<[WireStream, Kind]> {
  return STREAMS.flatMap((stream) => KINDS.map((kind): [WireStream, Kind] => [stream, kind]));
}

/** Runs an API method so that whatever goes wrong is an RtcError that names the method. */
async function attributed<T>(functionName: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw RtcError.convertFrom(toRtcError(error), functionName);
  }
}

function attributedSync(functionName: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw RtcError.convertFrom(toRtcError(error), functionName);
  }
}
