/** Checks of what the application passes in. Pure; each throws INVALID_PARAMETER with the name of the member. */

import { invalidParameter } from './errors.js';
import { MESSAGE_BYTES } from './session/message-budget.js';
import type { RoomParams } from './session/room.js';
import { recvMode } from './session/subscriptions.js';
import { signalUrl } from './signal/link.js';
import { PROTOCOL_VERSION } from './signal/messages.js';
import type { CustomMessage, EnterRoomParams, StreamType } from './types.js';

const UINT32_MAX = 4_294_967_295;

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= UINT32_MAX;
}

function oneOf<T extends string>(name: string, value: T | undefined, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  if (!allowed.includes(value)) {
    throw invalidParameter(`${name} must be one of ${allowed.map((a) => `'${a}'`).join(', ')}, not '${String(value)}'`);
  }
  return value;
}

export function checkUserId(userId: unknown, name = 'userId'): string {
  if (typeof userId !== 'string' || userId === '' || utf8Length(userId) > 128) {
    throw invalidParameter(`${name} must be a string of 1 to 128 bytes`);
  }
  return userId;
}

export function checkStreamType(streamType: StreamType | undefined): StreamType {
  return oneOf('streamType', streamType, ['main', 'sub'], 'main');
}

export function checkVolume(volume: unknown): number {
  if (typeof volume !== 'number' || !Number.isFinite(volume) || volume < 0) {
    throw invalidParameter('volume must be a number of at least 0; 100 is as received');
  }
  return volume;
}

/** The most that browsers keep. */
const MAX_DELAY_MS = 4_000;

export function checkDelay(delay: unknown): number | null {
  if (delay === null) return null;
  if (typeof delay !== 'number' || !(delay >= 0 && delay <= MAX_DELAY_MS)) {
    throw invalidParameter(`delay must be a number of milliseconds from 0 to ${MAX_DELAY_MS}, or null`);
  }
  return delay;
}

function roomOf({ roomId, strRoomId }: EnterRoomParams): number | string {
  if (roomId !== undefined) {
    if (!isUint32(roomId)) throw invalidParameter('roomId must be a whole number from 1 to 4294967295');
    return roomId;
  }
  if (typeof strRoomId !== 'string' || strRoomId === '' || utf8Length(strRoomId) > 64) {
    throw invalidParameter('roomId, or strRoomId with 1 to 64 bytes, is needed');
  }
  return strRoomId;
}

function urlOf(server: string): string {
  try {
    return signalUrl(server);
  } catch {
    throw invalidParameter(`server must be the address of a Duet server, such as https://host:8443, not '${server}'`);
  }
}

/** `origin` is the server when none is named. */
export function roomParams(params: EnterRoomParams, origin: string, version: string): RoomParams {
  if (!isUint32(params.sdkAppId)) throw invalidParameter('sdkAppId must be a positive whole number');
  if (typeof params.userSig !== 'string' || params.userSig === '') {
    throw invalidParameter('userSig is missing: have your server sign one for this user');
  }
  const automatic = {
    audio: params.autoReceiveAudio ?? true,
    video: params.autoReceiveVideo ?? false,
  };
  return {
    url: urlOf(params.server ?? origin),
    automatic,
    identity: {
      protocol: PROTOCOL_VERSION,
      sdkAppId: params.sdkAppId,
      userId: checkUserId(params.userId),
      userSig: params.userSig,
      room: roomOf(params),
      scene: oneOf('scene', params.scene, ['rtc', 'live'], 'rtc'),
      role: oneOf('role', params.role, ['anchor', 'audience'], 'anchor'),
      template: oneOf('template', params.template, ['1v1', 'grid', 'custom'], 'custom'),
      recvMode: recvMode(automatic.audio, automatic.video),
      client: { platform: 'web', version },
      ...(params.privateMapKey ? { privateMapKey: params.privateMapKey } : {}),
      ...(params.cloudenv ? { cloudenv: params.cloudenv } : {}),
    },
  };
}

export function checkMessage({ cmdId, data, to }: CustomMessage): void {
  if (!Number.isInteger(cmdId) || cmdId < 1 || cmdId > 10) {
    throw invalidParameter('cmdId must be a whole number from 1 to 10');
  }
  if (Object.prototype.toString.call(data) !== '[object ArrayBuffer]') {
    throw invalidParameter('data must be an ArrayBuffer');
  }
  if (data.byteLength > MESSAGE_BYTES) {
    throw invalidParameter(`data has ${data.byteLength} bytes; a message has at most ${MESSAGE_BYTES}`);
  }
  if (to !== undefined) checkUserId(to, 'to');
}
