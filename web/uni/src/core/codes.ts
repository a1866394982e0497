/** The numbers that `statechange` tells, and what they mean in words. */

export const PUSHER_CODE = {
  CONNECTED: 1001,
  PUSHING: 1002,
  CAMERA_OPEN: 1003,
  RESOLUTION_CHANGED: 1005,
  FIRST_FRAME_CAPTURED: 1007,
  ENCODER_STARTED: 1008,
  ENTERED: 1018,
  LEFT: 1019,
  USER_LIST: 1020,
  USER_JOINED: 1031,
  USER_LEFT: 1032,
  VIDEO_STATE: 1033,
  AUDIO_STATE: 1034,
  UPLINK_POOR: 1101,
  RECONNECTING: 1102,
  /** The encoder in hardware gave up, and one in software took over. */
  SOFTWARE_ENCODER: 1103,
  /** The server's name cannot be looked up. */
  LOOKUP_FAILED: 3001,
  CONNECT_FAILED: 3002,
  HANDSHAKE_FAILED: 3003,
  CLOSED_BY_SERVER: 3004,
  IO_ERROR: 3005,
  /** The page went to the background and is not sent any more. */
  SUSPENDED: 5000,
  /** The browser froze the page. */
  FROZEN: 5001,
  CAMERA_REFUSED: 10001,
  MICROPHONE_REFUSED: 10002,
  CAMERA_FAILED: -1301,
  MICROPHONE_FAILED: -1302,
  GAVE_UP: -1307,
  ENTER_FAILED: -3301,
} as const;

export const PLAYER_CODE = {
  CONNECTED: 2001,
  PULLING: 2002,
  FIRST_KEY_FRAME: 2003,
  PLAYING: 2004,
  LOADING: 2007,
  DECODER_STARTED: 2008,
  RESOLUTION_CHANGED: 2009,
  MESSAGE: 2012,
  FIRST_FRAME_RENDERED: 2032,
  RECONNECTING: 2103,
  DOWNLINK_POOR: 2104,
  GAVE_UP: -2301,
} as const;

const WORDS: Readonly<Record<number, string>> = {
  1001: 'connected to the server',
  1002: 'sending has begun',
  1003: 'the camera is open',
  1005: 'the picture that is sent has another size now',
  1007: 'the first frame was captured',
  1008: 'the encoder runs',
  1018: 'the room is entered',
  1019: 'the room is left',
  1101: 'the network is too slow for what is sent',
  1102: 'the connection is lost; reconnecting',
  1103: 'the hardware encoder gave up; encoding goes on in software',
  2001: 'connected to the server',
  2002: 'the stream is asked for',
  2003: 'the first frame has come',
  2004: 'playing',
  2007: 'waiting for the stream',
  2008: 'the decoder runs',
  2009: 'the picture has another size now',
  2032: 'the first frame is on the screen',
  2103: 'the connection is lost; reconnecting',
  2104: 'the network is too slow for what is received',
  3001: 'the address of the server cannot be looked up',
  3002: 'the server cannot be reached',
  3003: 'the server does not answer',
  3004: 'the server closed the connection',
  3005: 'the server answers, but no sound or picture gets through',
  5000: 'the page is in the background; sending is suspended and the seat in the room kept',
  5001: 'the browser froze the page; sending is suspended and the seat in the room kept',
};

/** '' for a code that has no words of its own. */
export function wordsOf(code: number): string {
  return WORDS[code] ?? '';
}
