/** The methods that pages call on the component, beyond entering and leaving. Each gives a promise that settles. */

import type { RoomController } from './controller.js';
import { RoomError } from './errors.js';
import type { Packed } from './messages.js';
import { packCustom, packText } from './messages.js';
import { call } from './transport.js';
import type { ViewFillMode, ViewRect, ViewSettings, ViewStreamType } from './view-store.js';

type Given = Readonly<Record<string, unknown>>;

const FILL_MODES: readonly unknown[] = ['contain', 'fillCrop', 'auto'];

function userOf({ userID }: Given): string {
  if (typeof userID !== 'string' || userID === '') throw new RoomError(-1, 'userID is missing');
  return userID;
}

/** Missing = main; small is another size of main. */
function streamOf({ streamType = 'main' }: Given): ViewStreamType {
  if (streamType === 'main' || streamType === 'small') return 'main';
  if (streamType === 'aux') return 'aux';
  throw new RoomError(-1, `streamType must be main, small or aux, not '${String(streamType)}'`);
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new RoomError(-1, `${name} is missing`);
  return value;
}

/** `room`: the controller. */
export function roomMethods(room: RoomController) {
  const done = async (run: () => unknown): Promise<unknown> => {
    try {
      return await run();
    } catch (error) {
      const failure = error instanceof RoomError ? error : new RoomError(-1, error instanceof Error ? error.message : String(error));
      room.emit('ERROR', { code: failure.code, message: failure.message });
      throw failure;
    }
  };
  const publish = (kind: 'video' | 'audio', on: boolean) => () => done(() => {
    room.publishing[kind] = on;
    room.update();
  });
  const pusher = (method: string, options: Given = {}): Promise<unknown> => done(() => call(room.transport.pusherContext(), method, options));
  const view = (given: Given, change: () => ViewSettings): Promise<unknown> => done(() => {
    room.views.set(userOf(given), streamOf(given), change());
    room.update();
  });
  const subscribe = (given: Given, kind: 'video' | 'audio', on: boolean): Promise<unknown> => done(() => {
    const userID = userOf(given);
    if (kind === 'audio') room.members.wish(userID, { audio: on });
    else if (streamOf(given) === 'aux') room.members.wish(userID, { auxVideo: on });
    else room.members.wish(userID, { mainVideo: on, ...(on ? { quality: given['streamType'] === 'small' ? 'small' : 'main' } : {}) });
    room.update();
  });
  const send = async (message: Packed, to?: string): Promise<unknown> => {
    try {
      if (!room.config.enableIM) throw new RoomError(-1, 'messages are switched off: enableIM is false');
      return await room.transport.sendMessage(message, to);
    } catch (error) {
      room.emit('IM_ERROR', { code: -1, message: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  };
  const custom = (given: Given) => ({
    data: String(given['data'] ?? ''), description: String(given['description'] ?? ''), extension: String(given['extension'] ?? ''),
  });
  const orientation = (given: Given): Promise<unknown> => view(given, () => ({
    orientation: given['isVertical'] === false || given['orientation'] === 'horizontal' ? 'horizontal' : 'vertical',
  }));
  const fillMode = (given: Given): Promise<unknown> => view(given, () => {
    if (!FILL_MODES.includes(given['fillMode'])) throw new RoomError(-1, `fillMode must be contain, fillCrop or auto, not '${String(given['fillMode'])}'`);
    return { fillMode: given['fillMode'] as ViewFillMode };
  });

  return {
    publishLocalVideo: publish('video', true),
    unpublishLocalVideo: publish('video', false),
    publishLocalAudio: publish('audio', true),
    unpublishLocalAudio: publish('audio', false),
    subscribeRemoteVideo: (given: Given) => subscribe(given, 'video', true),
    unsubscribeRemoteVideo: (given: Given) => subscribe(given, 'video', false),
    subscribeRemoteAudio: (given: Given) => subscribe(given, 'audio', true),
    unsubscribeRemoteAudio: (given: Given) => subscribe(given, 'audio', false),

    setViewFillMode: fillMode,
    setRemoteFillMode: fillMode,
    setViewOrientation: orientation,
    setRemoteOrientation: orientation,
    setViewVisible: (given: Given) => view(given, () => ({ visible: given['isVisible'] !== false })),
    setViewRect: (given: Given) => view(given, () => {
      const rect: Record<string, unknown> = {};
      for (const name of ['xAxis', 'yAxis', 'width', 'height']) {
        const value = given[name];
        if (typeof value !== 'string' && !Number.isFinite(value)) throw new RoomError(-1, `${name} must be a number of pixels, or a length with its unit`);
        rect[name] = value;
      }
      return { rect: rect as unknown as ViewRect };
    }),
    setViewZIndex: (given: Given) => view(given, () => {
      const zIndex = Number(given['zIndex'] ?? given['zindex']);
      if (!Number.isFinite(zIndex)) throw new RoomError(-1, 'zIndex must be a number');
      return { zIndex };
    }),
    enterFullscreen: (given: Given) => done(() => call(
      room.transport.playerContext(room.playerID(userOf(given), streamOf(given))), 'requestFullScreen', { direction: Number(given['direction'] ?? 0) || 0 })),
    exitFullscreen: (given: Given) => done(() => call(
      room.transport.playerContext(room.playerID(userOf(given), streamOf(given))), 'exitFullScreen')),

    playBGM: (given: Given) => pusher('playBGM', { url: given['url'] }),
    stopBGM: () => pusher('stopBGM'),
    pauseBGM: () => pusher('pauseBGM'),
    resumeBGM: () => pusher('resumeBGM'),
    setBGMVolume: (given: Given) => pusher('setBGMVolume', { volume: given['volume'] }),
    setMICVolume: (given: Given) => pusher('setMICVolume', { volume: given['volume'] }),
    /** By the attribute, so that it stays as it is over a new entry. */
    switchCamera: () => done(() => room.setFront(!room.front)),
    /** Of the local user without a userID. Gives {tempImagePath, width, height}. */
    snapshot: (given: Given = {}) => done(() => {
      const local = given['userID'] === undefined || given['userID'] === '' || given['userID'] === room.config.userID;
      return local
        ? call(room.transport.pusherContext(), 'snapshot')
        : call(room.transport.playerContext(room.playerID(userOf(given), streamOf(given))), 'snapshot');
    }),
    sendSEI: (given: Given) => pusher('sendMessage', { msg: given['message'] ?? given['msg'] }),

    sendC2CTextMessage: (given: Given) => done(() => send(packText(text(given['message'], 'message'), true), userOf(given))),
    sendC2CCustomMessage: (given: Given) => done(() => send(packCustom(custom(given), true), userOf(given))),
    sendGroupTextMessage: (given: Given) => done(() => send(packText(text(given['message'], 'message'), false))),
    sendGroupCustomMessage: (given: Given) => done(() => send(packCustom(custom(given), false))),
  };
}

export type RoomMethods = ReturnType<typeof roomMethods>;
