/** From what went wrong below to what the application gets. Pure. */

import { ERROR_CODE, OPERATION_EXTRA_CODE, RtcError } from '../errors.js';
import { LinkError, RpcError } from '../signal/rpc.js';

/** Leaves an RtcError as it is. */
export function toRtcError(error: unknown): RtcError {
  if (error instanceof RpcError) {
    return new RtcError({
      code: ERROR_CODE.SERVER_ERROR,
      extraCode: error.code,
      message: error.message,
      originError: error,
      ...(error.data ? { data: error.data } : {}),
    });
  }
  if (error instanceof LinkError) {
    const timeout = error.reason === 'timeout';
    return new RtcError({
      code: ERROR_CODE.OPERATION_FAILED,
      extraCode: timeout
        ? OPERATION_EXTRA_CODE.REQUEST_TIMEOUT : OPERATION_EXTRA_CODE.SERVER_UNREACHABLE,
      message: error.reason === 'unreachable'
        ? `${error.message}. Check that the server runs, that the address is right, and that its `
          + 'certificate is accepted by this browser'
        : error.message,
      originError: error,
    });
  }
  return RtcError.convertFrom(error);
}
