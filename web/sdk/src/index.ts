export { Duet, Duet as default } from './duet.js';
export { EVENT } from './events.js';
export {
  DEVICE_EXTRA_CODE, ERROR_CODE, OPERATION_EXTRA_CODE, RtcError, errorCodeName,
} from './errors.js';
export { TYPE } from './types.js';
export type * from './api.js';
export type * from './events.js';
export type * from './types.js';
export type { ErrorCode, ServerErrorData } from './errors.js';
