/** From the SDK's errors and the browser's to the numbers that the tags tell. Pure. */

import { PUSHER_CODE } from './codes.js';

export interface Failure {
  /** Told one after the other as statechange; the last one is the `error` event's too. */
  codes: number[];
  message: string;
}

/** Read by shape, as errors cross bundles. */
interface ErrorShape {
  code?: unknown;
  extraCode?: unknown;
  message?: unknown;
  name?: unknown;
}

const ABORTED = 5998;
const SERVER_ERROR = 5400;
const OPERATION_FAILED = 5500;
const SERVER_UNREACHABLE = 5501;
const MEDIA_UNREACHABLE = 5502;

/** Numbers of refusals that existing projects know; the others count as "could not enter". */
const KNOWN_REFUSALS = new Set([-100018, -100015, -100006, -3301, -3318, -3319]);

/**
 * Of enterRoom, or of a call that ended by itself. null = it was overtaken on purpose.
 *
 * Browsers do not tell a name that cannot be looked up from a server that does not answer. Without a network (`online`
 * false) it is the former.
 */
export function roomFailure(error: unknown, online: boolean): Failure | null {
  const { code, extraCode, message } = (error ?? {}) as ErrorShape;
  const text = typeof message === 'string' ? message : String(error);
  if (code === ABORTED) return null;
  if (code === OPERATION_FAILED && extraCode === SERVER_UNREACHABLE && !online) {
    return { codes: [PUSHER_CODE.LOOKUP_FAILED, PUSHER_CODE.GAVE_UP], message: 'this device has no network: connect it and try again' };
  }
  if (code === OPERATION_FAILED) {
    const first = extraCode === SERVER_UNREACHABLE ? PUSHER_CODE.CONNECT_FAILED
      : extraCode === MEDIA_UNREACHABLE ? PUSHER_CODE.IO_ERROR : PUSHER_CODE.HANDSHAKE_FAILED;
    return { codes: [first, PUSHER_CODE.GAVE_UP], message: text };
  }
  const known = code === SERVER_ERROR && typeof extraCode === 'number' && KNOWN_REFUSALS.has(extraCode);
  return { codes: [known ? extraCode : PUSHER_CODE.ENTER_FAILED], message: text };
}

/** The media path is down, while the SDK goes on trying. */
export function isMediaTrouble(error: unknown): boolean {
  const { code, extraCode } = (error ?? {}) as ErrorShape;
  return code === OPERATION_FAILED && extraCode === MEDIA_UNREACHABLE;
}

const DEVICE_WORDS: Readonly<Record<string, string>> = {
  NotAllowedError: 'may not be used: allow it for this site, in the browser and in the system settings',
  NotFoundError: 'was not found: is there one?',
  NotReadableError: 'cannot be opened: another program may be using it',
  SecurityError: 'may not be used on this page: it must come over https or from localhost',
};

export function deviceFailure(device: 'camera' | 'microphone', error: unknown): Failure {
  const { name, message } = (error ?? {}) as ErrorShape;
  const words = DEVICE_WORDS[String(name)] ?? `cannot be opened: ${typeof message === 'string' ? message : String(error)}`;
  const camera = device === 'camera';
  const codes: number[] = [camera ? PUSHER_CODE.CAMERA_FAILED : PUSHER_CODE.MICROPHONE_FAILED];
  if (name === 'NotAllowedError') codes.push(camera ? PUSHER_CODE.CAMERA_REFUSED : PUSHER_CODE.MICROPHONE_REFUSED);
  return { codes, message: `the ${device} ${words}` };
}
