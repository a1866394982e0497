/**
 * Chat over the room's messages: cmdId 1, the text as plain UTF-8, so that any client can take part.
 */

export const CHAT_CMD_ID = 1;
/** The protocol's limit for one message. */
export const MAX_CHAT_BYTES = 1024;

export function encodeChat(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer as ArrayBuffer;
}

/** '' when the bytes are not text. */
export function decodeChat(data: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return '';
  }
}

/** Bytes that may still be added; negative = too long. */
export function chatBytesLeft(text: string): number {
  return MAX_CHAT_BYTES - new TextEncoder().encode(text.trim()).length;
}
