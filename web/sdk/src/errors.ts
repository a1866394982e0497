/** The one error type of the API: what every rejected promise and every ERROR event carries. */

export const ERROR_CODE = {
  /** An argument is missing or out of range; nothing was done. */
  INVALID_PARAMETER: 5000,
  /** Not possible in the present state, such as sending a message before enterRoom. */
  INVALID_OPERATION: 5100,
  /** The browser or the page (no https) lacks something. */
  ENV_NOT_SUPPORTED: 5200,
  /** Camera, microphone or screen; `extraCode` is a DEVICE_EXTRA_CODE. */
  DEVICE_ERROR: 5300,
  /** The server refused; `extraCode` is the server's code, `data.name` the cause. */
  SERVER_ERROR: 5400,
  /** It was tried and did not work; `extraCode` is an OPERATION_EXTRA_CODE. */
  OPERATION_FAILED: 5500,
  /** Overtaken by another call, such as exitRoom during enterRoom. */
  OPERATION_ABORT: 5998,
  UNKNOWN_ERROR: 5999,
} as const;

export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE];

/** `extraCode` of DEVICE_ERROR. */
export const DEVICE_EXTRA_CODE = {
  /** There is no such camera, microphone or screen. */
  NOT_FOUND: 5301,
  /** The user, the browser or the operating system refused. */
  NOT_ALLOWED: 5302,
  /** The device is there but cannot be opened; mostly another program has it. */
  NOT_READABLE: 5303,
  /** The device cannot do what was asked for. */
  OVERCONSTRAINED: 5304,
  /** The device was unplugged or its track ended by itself. */
  LOST: 5305,
  /** Any other reason; see `originError`. */
  OTHER: 5309,
} as const;

/** `extraCode` of OPERATION_FAILED. */
export const OPERATION_EXTRA_CODE = {
  /** The server's signalling address does not answer. */
  SERVER_UNREACHABLE: 5501,
  /** Signalling works, but no media packet comes through. */
  MEDIA_UNREACHABLE: 5502,
  /** The server did not answer a request in time. */
  REQUEST_TIMEOUT: 5503,
} as const;

/** Names of the codes, for `error.name`-like output. */
export function errorCodeName(code: number): string {
  for (const [name, value] of Object.entries(ERROR_CODE)) {
    if (value === code) return name;
  }
  return 'UNKNOWN_ERROR';
}

/** What the server says in `error.data`. */
export interface ServerErrorData {
  /** One name per cause, such as `sig_expired` or `room_full`. */
  name?: string;
  /** The finer number, where there is one. */
  detail?: number;
}

export interface RtcErrorInit {
  code: ErrorCode;
  message: string;
  extraCode?: number;
  functionName?: string;
  data?: ServerErrorData;
  originError?: unknown;
}

/**
 * `code` is one of ERROR_CODE, `name` is always 'RtcError', `message` a sentence that says what to
 * do, `functionName` the API method that failed ('' for errors that came by themselves).
 */
export class RtcError extends Error {
  override readonly name = 'RtcError';
  readonly code: ErrorCode;
  readonly extraCode: number | undefined;
  readonly functionName: string;
  readonly data: ServerErrorData | undefined;
  readonly originError: unknown;

  constructor(init: RtcErrorInit) {
    super(init.message);
    this.code = init.code;
    this.extraCode = init.extraCode;
    this.functionName = init.functionName ?? '';
    this.data = init.data;
    this.originError = init.originError;
  }

  /** The same error, attributed to an API method; an attribution that is there stays. */
  static convertFrom(error: unknown, functionName = ''): RtcError {
    if (error instanceof RtcError) {
      if (error.functionName || !functionName) return error;
      return new RtcError({
        code: error.code,
        message: error.message,
        functionName,
        originError: error.originError,
        ...(error.extraCode === undefined ? {} : { extraCode: error.extraCode }),
        ...(error.data === undefined ? {} : { data: error.data }),
      });
    }
    const message = error instanceof Error ? error.message : String(error);
    return new RtcError({ code: ERROR_CODE.UNKNOWN_ERROR, message, functionName, originError: error });
  }
}

export function invalidParameter(message: string): RtcError {
  return new RtcError({ code: ERROR_CODE.INVALID_PARAMETER, message });
}

export function invalidOperation(message: string): RtcError {
  return new RtcError({ code: ERROR_CODE.INVALID_OPERATION, message });
}

export function aborted(message: string): RtcError {
  return new RtcError({ code: ERROR_CODE.OPERATION_ABORT, message });
}
