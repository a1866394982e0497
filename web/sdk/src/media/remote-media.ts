/**
 * Plays what arrives: pictures in their views, voices in audio elements of their own, so that a
 * browser which blocks sound still shows the picture.
 */

import type { AudioElement, MediaState, Platform, Size } from '../platform/platform.js';
import { STREAMS, toStreamType, toWire } from '../session/keys.js';
import type { ViewChange } from '../session/views.js';
import { ViewTable } from '../session/views.js';
import type { Kind, StreamRef, WireStream } from '../signal/messages.js';
import type { StreamType } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { VideoPlayer } from './video-player.js';

export interface RemoteMediaEvents {
  firstFrame: { userId: string; streamType: StreamType; size: Size };
  resized: { userId: string; streamType: StreamType; size: Size };
  videoState: { userId: string; streamType: StreamType; state: MediaState };
  audioState: { userId: string; state: MediaState };
  blocked: { userId: string; mediaType: 'audio' | 'video' | 'screen' };
  track: { userId: string; streamType: StreamType; track: MediaStreamTrack };
}

/** Where the tracks come from. */
export interface TrackSource {
  userIds(): string[];
  trackOf(ref: StreamRef): MediaStreamTrack | null;
}

interface Remote {
  userId: string;
  stream: WireStream;
  video: VideoPlayer;
  audio: AudioElement | null;
  audioTrack: MediaStreamTrack | null;
}

export class RemoteMedia extends Emitter<RemoteMediaEvents> {
  readonly #platform: Platform;
  readonly #views = new ViewTable();
  readonly #remotes = new Map<string, Remote>();
  readonly #volumes = new Map<string, number>();
  #allVolume = 1;

  constructor(platform: Platform) {
    super();
    this.#platform = platform;
  }

  setView(userId: string, streamType: StreamType, change: ViewChange): void {
    const settings = this.#views.merge(userId, streamType, change);
    this.#remotes.get(remoteKey(userId, toWire(streamType)))?.video.configure(settings);
  }

  /** 1 = as received. '*' sets everybody, later members included. */
  setVolume(userId: string, volume: number): void {
    if (userId === '*') {
      this.#allVolume = volume;
      this.#volumes.clear();
    } else {
      this.#volumes.set(userId, volume);
    }
    for (const remote of this.#remotes.values()) {
      if (userId === '*' || remote.userId === userId) remote.audio?.setVolume(volume);
    }
  }

  /** Makes what is played that which arrives. */
  sync(source: TrackSource): void {
    const present = new Set(source.userIds());
    for (const remote of this.#remotes.values()) {
      if (!present.has(remote.userId)) this.#remove(remote);
    }
    for (const userId of present) {
      for (const stream of STREAMS) {
        const video = source.trackOf({ userId, stream, kind: 'video' });
        const audio = source.trackOf({ userId, stream, kind: 'audio' });
        if (!video && !audio && !this.#remotes.has(remoteKey(userId, stream))) continue;
        const remote = this.#remote(userId, stream);
        this.#setTrack(remote, 'video', video);
        this.#setTrack(remote, 'audio', audio);
      }
    }
  }

  track(userId: string, streamType: StreamType, kind: Kind): MediaStreamTrack | null {
    const remote = this.#remotes.get(remoteKey(userId, toWire(streamType)));
    return (kind === 'video' ? remote?.video.track : remote?.audioTrack) ?? null;
  }

  snapshot(userId: string, streamType: StreamType): string {
    return this.#remotes.get(remoteKey(userId, toWire(streamType)))?.video.snapshot() ?? '';
  }

  /** In a gesture of the user: plays all that the browser blocked. */
  async play(): Promise<void> {
    const all = [...this.#remotes.values()];
    await Promise.all(all.flatMap(({ video, audio }) => [video.play(), audio?.play()]));
  }

  /** The visit is over: nothing plays and nothing is remembered. */
  clear(): void {
    this.stop();
    this.#views.clear();
    this.#volumes.clear();
    this.#allVolume = 1;
  }

  /** Nothing plays; view settings stay. */
  stop(): void {
    for (const remote of this.#remotes.values()) this.#remove(remote);
  }

  #remote(userId: string, stream: WireStream): Remote {
    const key = remoteKey(userId, stream);
    const known = this.#remotes.get(key);
    if (known) return known;
    const streamType = toStreamType(stream);
    const video = new VideoPlayer(this.#platform, this.#views.get(userId, streamType), {
      firstFrame: (size) => this.emit('firstFrame', { userId, streamType, size }),
      resized: (size) => this.emit('resized', { userId, streamType, size }),
      stateChanged: (state) => this.emit('videoState', { userId, streamType, state }),
      blocked: () => this.emit('blocked', {
        userId, mediaType: streamType === 'sub' ? 'screen' : 'video',
      }),
    });
    const remote: Remote = { userId, stream, video, audio: null, audioTrack: null };
    this.#remotes.set(key, remote);
    return remote;
  }

  #setTrack(remote: Remote, kind: Kind, track: MediaStreamTrack | null): void {
    const { userId, stream } = remote;
    const former = kind === 'video' ? remote.video.track : remote.audioTrack;
    if (track === former) return;
    if (kind === 'video') remote.video.setTrack(track);
    else this.#setAudio(remote, track);
    if (track) this.emit('track', { userId, streamType: toStreamType(stream), track });
  }

  #setAudio(remote: Remote, track: MediaStreamTrack | null): void {
    remote.audioTrack = track;
    if (!track) {
      if (remote.audio) this.emit('audioState', { userId: remote.userId, state: 'STOPPED' });
      remote.audio?.dispose();
      remote.audio = null;
      return;
    }
    if (!remote.audio) {
      remote.audio = this.#platform.createAudioElement({
        stateChanged: (state) => this.emit('audioState', { userId: remote.userId, state }),
        blocked: () => this.emit('blocked', { userId: remote.userId, mediaType: 'audio' }),
      });
      remote.audio.setVolume(this.#volumes.get(remote.userId) ?? this.#allVolume);
    }
    remote.audio.setTrack(track);
  }

  #remove(remote: Remote): void {
    this.#setAudio(remote, null);
    remote.video.dispose();
    this.#remotes.delete(remoteKey(remote.userId, remote.stream));
  }
}

function remoteKey(userId: string, stream: WireStream): string {
  return `${stream}/${userId}`;
}
