/** What went wrong -> the words for it. */

import { DEVICE_EXTRA_CODE, ERROR_CODE, OPERATION_EXTRA_CODE } from '@duet/sdk';
import type { KickedOut } from '@duet/sdk';
import { en } from '../i18n/en.js';
import type { MessageKey } from '../i18n/en.js';
import type { Values } from '../i18n/language.js';

/** A sentence in whatever language the reader chooses. */
export interface Words {
  key: MessageKey;
  values?: Values;
  /** The stable name of the cause, for tests and bug reports. */
  cause: string;
  /** What the server said, '' = nothing that helps. It is English and has the particulars. */
  detail: string;
}

/** Failures that the page itself finds, before the SDK is asked. */
export type PageErrorName =
  | 'config_unreachable' | 'sign_failed' | 'signature_missing' | 'app_id_missing';

export class PageError extends Error {
  constructor(readonly causeName: PageErrorName, readonly detail = '') {
    super(causeName);
  }
}

/** The members of the SDK's RtcError that matter here; read by shape, as errors cross bundles. */
interface ErrorShape {
  code?: unknown;
  extraCode?: unknown;
  message?: unknown;
  data?: { name?: unknown } | undefined;
}

function words(cause: string, detail = ''): Words {
  return { key: `error.${cause}` as MessageKey, cause, detail };
}

function hasWords(cause: string): boolean {
  return Object.hasOwn(en, `error.${cause}`);
}

const BY_EXTRA_CODE = new Map<unknown, string>([
  [OPERATION_EXTRA_CODE.SERVER_UNREACHABLE, 'server_unreachable'],
  [OPERATION_EXTRA_CODE.MEDIA_UNREACHABLE, 'media_unreachable'],
  [OPERATION_EXTRA_CODE.REQUEST_TIMEOUT, 'request_timeout'],
]);

/** Any error of enterRoom, of the ERROR event or of the page. */
export function errorWords(error: unknown): Words {
  if (error instanceof PageError) return words(error.causeName, error.detail);
  const { code, extraCode, message, data } = (error ?? {}) as ErrorShape;
  const text = typeof message === 'string' ? message : String(error);
  if (typeof data?.name === 'string' && hasWords(data.name)) return words(data.name, text);
  const operation = BY_EXTRA_CODE.get(extraCode);
  if (code === ERROR_CODE.OPERATION_FAILED && operation !== undefined) return words(operation);
  if (code === ERROR_CODE.ENV_NOT_SUPPORTED) return words('not_supported', text);
  const cause = typeof data?.name === 'string' ? data.name : 'unknown';
  return { key: 'error.unknown', values: { text }, cause, detail: '' };
}

/** The user overtook the operation, such as by hanging up while entering: nothing to tell. */
export function isAbort(error: unknown): boolean {
  return (error as ErrorShape | null)?.code === ERROR_CODE.OPERATION_ABORT;
}

export function isDeviceError(error: unknown): boolean {
  return (error as ErrorShape | null)?.code === ERROR_CODE.DEVICE_ERROR;
}

type DeviceCause = 'denied' | 'missing' | 'busy' | 'lost' | 'failed';

const DEVICE_CAUSE = new Map<unknown, DeviceCause>([
  [DEVICE_EXTRA_CODE.NOT_FOUND, 'missing'],
  [DEVICE_EXTRA_CODE.NOT_ALLOWED, 'denied'],
  [DEVICE_EXTRA_CODE.NOT_READABLE, 'busy'],
  [DEVICE_EXTRA_CODE.OVERCONSTRAINED, 'missing'],
  [DEVICE_EXTRA_CODE.LOST, 'lost'],
]);

/** An error of startLocalVideo or startLocalAudio. The call always goes on without the device. */
export function deviceWords(kind: 'camera' | 'microphone', error: unknown): Words {
  const { code, extraCode } = (error ?? {}) as ErrorShape;
  if (code === ERROR_CODE.ENV_NOT_SUPPORTED) {
    return { key: 'media.insecure', cause: 'media_insecure', detail: '' };
  }
  const cause = (code === ERROR_CODE.DEVICE_ERROR && DEVICE_CAUSE.get(extraCode)) || 'failed';
  return { key: `${kind}.${cause}`, cause: `${kind}_${cause}`, detail: '' };
}

export function kickedWords(reason: KickedOut['reason']): Words {
  const cause = `kicked_${reason}`;
  return hasWords(cause) ? words(cause) : words('kicked_kick');
}

export function connectionLostWords(): Words {
  return words('connection_lost');
}

/** Why a connection that was there is not there now. */
export function reconnectKey(online: boolean, serverAnswers: boolean): MessageKey {
  if (!online) return 'banner.offline';
  return serverAnswers ? 'banner.reconnecting' : 'banner.stopped';
}
