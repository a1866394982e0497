/** Signalling without media, for clients whose media the platform carries, such as mini programs. Touches no global of a browser. */

export { isTransient, reconnectDelay } from '../session/reconnect.js';
export { SignalLink } from './link.js';
export type { LinkHandlers, LinkPlatform } from './link.js';
export type * from './messages.js';
export { PROTOCOL_VERSION } from './messages.js';
export { LinkError, RpcError } from './rpc.js';
export type { Cancel, Socket, SocketHandlers } from '../platform/platform.js';
