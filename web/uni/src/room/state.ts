/** What the template shows, made of everything that is known. Pure. */

import type { RoomConfig, Template } from './config.js';
import { arrange, pageCount } from './layout.js';
import type { Members } from './members.js';
import type { RoomTransport } from './transport.js';
import type { ViewFillMode, ViewStore, ViewStreamType } from './view-store.js';

export type Phase = 'out' | 'entering' | 'in' | 'reconnecting' | 'suspended';

/** The attributes of the live-pusher. */
export interface PusherState {
  url: string;
  autopush: boolean;
  mode: string;
  enableCamera: boolean;
  enableMic: boolean;
  enableAgc: boolean;
  enableAns: boolean;
  enableEarMonitor: boolean;
  autoFocus: boolean;
  zoom: boolean;
  minBitrate: number;
  maxBitrate: number;
  videoWidth: number;
  videoHeight: number;
  beauty: number;
  whiteness: number;
  beautyStyle: string;
  filter: string;
  orientation: string;
  aspect: string;
  devicePosition: 'front' | 'back';
  remoteMirror: boolean;
  localMirror: string;
  backgroundMute: boolean;
  waitingImage: string;
  audioQuality: string;
  audioVolumeType: string;
  audioReverbType: number;
  debug: boolean;
  objectFit: ViewFillMode;
  style: string;
  small: boolean;
}

/** One live-player. */
export interface StreamState {
  id: string;
  userID: string;
  streamType: ViewStreamType;
  src: string;
  /** Which size of the main picture. */
  size: 'main' | 'small';
  muteVideo: boolean;
  muteAudio: boolean;
  hasVideo: boolean;
  paused: boolean;
  reconnecting: boolean;
  objectFit: ViewFillMode;
  orientation: 'vertical' | 'horizontal';
  debug: boolean;
  style: string;
  small: boolean;
}

export interface RoomState {
  phase: Phase;
  template: Template;
  pusher: PusherState;
  streams: StreamState[];
  /** What the user wants to send; the pusher's attributes may follow later. */
  sending: { camera: boolean; mic: boolean };
  page: number;
  pages: number;
  /** What went wrong, in the server's or the browser's words; '' = nothing. */
  notice: string;
  noticeCode: number;
}

export interface StateSource {
  config: RoomConfig;
  views: ViewStore;
  members: Members;
  transport: RoomTransport;
  phase: Phase;
  publishing: { video: boolean; audio: boolean };
  front: boolean;
  swapped: boolean;
  page: number;
  /** Of the grid. */
  pageSize: number;
  notice: string;
  noticeCode: number;
}

export function isPlayerOf(stream: StreamState, userID: unknown, streamType: unknown): boolean {
  return stream.userID === userID && stream.streamType === (streamType === 'aux' ? 'aux' : 'main');
}

/** Letters and digits only, for an element's id; different users have different ones. */
export function elementID(userID: string, streamType: string): string {
  const safe = userID.replace(/[^A-Za-z0-9]/g, (c) => `_${c.charCodeAt(0).toString(16)}_`);
  return `duet-player-${safe}-${streamType}`;
}

function pusherState({ config: c, views, transport, publishing, front }: StateSource): PusherState {
  const { camera, mic } = transport.devices({ camera: publishing.video, mic: publishing.audio });
  return {
    url: transport.pusherUrl(), autopush: transport.autopush, mode: 'RTC',
    enableCamera: camera, enableMic: mic,
    enableAgc: c.enableAgc, enableAns: c.enableAns, enableEarMonitor: c.enableEarMonitor, autoFocus: c.enableAutoFocus, zoom: c.enableZoom,
    minBitrate: c.minBitrate, maxBitrate: c.maxBitrate, videoWidth: c.videoWidth, videoHeight: c.videoHeight,
    beauty: c.beautyLevel, whiteness: c.whitenessLevel, beautyStyle: c.beautyStyle, filter: c.filter,
    orientation: views.get('', 'main').orientation ?? c.videoOrientation, aspect: c.videoAspect,
    devicePosition: front ? 'front' : 'back', remoteMirror: c.enableRemoteMirror, localMirror: c.localMirror,
    backgroundMute: c.enableBackgroundMute, waitingImage: c.waitingImage, audioQuality: c.audioQuality, audioVolumeType: c.audioVolumeType,
    audioReverbType: c.audioReverbType, debug: c.debugMode, objectFit: views.get('', 'main').fillMode,
    style: '', small: false,
  };
}

function streamStates({ config, views, members, transport }: StateSource): StreamState[] {
  return members.all().flatMap((member) => {
    const { userID, paused } = member;
    const wanted = members.wanted(userID, config.recvMode);
    const stream = (streamType: ViewStreamType, hasVideo: boolean, video: boolean, audio: boolean): StreamState => {
      const view = views.get(userID, streamType);
      const size = streamType === 'main' ? wanted.quality : 'main';
      return {
        id: elementID(userID, streamType), userID, streamType, hasVideo, paused, size, reconnecting: transport.isReconnecting(userID, streamType),
        src: transport.playerSrc(userID, size === 'small' ? 'small' : streamType), muteVideo: !video || !hasVideo, muteAudio: !audio,
        objectFit: transport.fit(view.fillMode, userID, streamType), orientation: view.orientation ?? 'vertical', debug: config.debugMode, style: '', small: false,
      };
    };
    const main = stream('main', member.hasMainVideo, wanted.mainVideo, wanted.audio);
    return member.hasAuxVideo ? [main, stream('aux', true, wanted.auxVideo, false)] : [main];
  });
}

export function roomState(source: StateSource): RoomState {
  const { config: { template }, views, phase, publishing, swapped, page, pageSize, notice, noticeCode } = source;
  const pusher = pusherState(source);
  const streams = streamStates(source);
  const tiles = [
    { key: '', view: views.get('', 'main') },
    ...streams.map(({ id, userID, streamType }) => ({ key: id, view: views.get(userID, streamType) })),
  ];
  const places = arrange(tiles, { template, swapped, page, pageSize });
  const own = places.get('')!;
  return {
    phase, template, page, notice, noticeCode,
    pages: template === 'grid' ? pageCount(tiles.length, pageSize) : 1,
    sending: { camera: publishing.video, mic: publishing.audio },
    pusher: { ...pusher, style: own.style, small: own.small },
    streams: streams.map((stream) => {
      const { style, small, shown } = places.get(stream.id)!;
      return { ...stream, style, small, muteVideo: stream.muteVideo || !shown };
    }),
  };
}
