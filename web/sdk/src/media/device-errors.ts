/** From what getUserMedia and getDisplayMedia throw to a sentence that says what to do. Pure. */

import { DEVICE_EXTRA_CODE, ERROR_CODE, RtcError } from '../errors.js';

export type Source = 'camera' | 'microphone' | 'screen';

const SENTENCES: Readonly<Record<string, { extraCode: number; text: (source: Source) => string }>> = {
  NotAllowedError: {
    extraCode: DEVICE_EXTRA_CODE.NOT_ALLOWED,
    text: (source) => (source === 'screen'
      ? 'the screen is not shared: the choice was cancelled, or the system does not let this browser record the screen'
      : `the ${source} may not be used: allow it for this page in the browser's address bar, and for the browser in the system's privacy settings`),
  },
  NotFoundError: {
    extraCode: DEVICE_EXTRA_CODE.NOT_FOUND,
    text: (source) => `there is no ${source}: connect one, or go on without`,
  },
  NotReadableError: {
    extraCode: DEVICE_EXTRA_CODE.NOT_READABLE,
    text: (source) => `the ${source} cannot be opened: close the other program that uses it, or unplug it and plug it in again`,
  },
  OverconstrainedError: {
    extraCode: DEVICE_EXTRA_CODE.OVERCONSTRAINED,
    text: (source) => `the chosen ${source} is not there any more or cannot do what was asked for: choose another one or another profile`,
  },
};

/** Older browsers' names of the same causes. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  PermissionDeniedError: 'NotAllowedError',
  SecurityError: 'NotAllowedError',
  DevicesNotFoundError: 'NotFoundError',
  TrackStartError: 'NotReadableError',
  AbortError: 'NotReadableError',
  ConstraintNotSatisfiedError: 'OverconstrainedError',
};

function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? OTHER_NAMES[name] ?? name : '';
}

/** Leaves an RtcError as it is. */
export function deviceError(error: unknown, source: Source): RtcError {
  if (error instanceof RtcError) return error;
  const known = SENTENCES[nameOf(error)];
  return new RtcError({
    code: ERROR_CODE.DEVICE_ERROR,
    extraCode: known?.extraCode ?? DEVICE_EXTRA_CODE.OTHER,
    message: known?.text(source) ?? `the ${source} does not work: ${error instanceof Error ? error.message : String(error)}`,
    originError: error,
  });
}

/** The device went away by itself, and `error` is why no other one took its place. */
export function deviceLost(source: Source, error?: unknown): RtcError {
  const reason = error === undefined ? undefined : deviceError(error, source);
  if (reason && reason.extraCode !== DEVICE_EXTRA_CODE.NOT_FOUND) return reason;
  return new RtcError({
    code: ERROR_CODE.DEVICE_ERROR,
    extraCode: DEVICE_EXTRA_CODE.LOST,
    message: `the ${source} was unplugged or taken away: connect one and start it again`,
  });
}

/** The device exists but not with these constraints. */
export function isOverconstrained(error: unknown): boolean {
  return nameOf(error) === 'OverconstrainedError';
}
