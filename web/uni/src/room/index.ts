/** The trtc-room component without its template; the template is in the uni_modules folder. */

export { MiniTransport } from '../mp/transport.js';
export { RoomController } from './controller.js';
export { setUpRoom, roomSetup } from './config.js';
export type { RoomConfig, RoomEnvironment, RoomSetup, SignRequest } from './config.js';
export { EVENT } from './events.js';
export type { EventArgument, RoomEvent, RoomHandler } from './events.js';
export { roomMethods } from './methods.js';
export { RoomError } from './errors.js';
export type { RoomState, StreamState, PusherState } from './state.js';
export { RoomUrlTransport } from './transport.js';
export type { RoomTransport } from './transport.js';
export { allWords, errorWords, languageOf } from './words.js';
