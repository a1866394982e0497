/** Names of streams, on the API's side and on the wire, and keys for maps of them. */

import type { Kind, StreamRef, WireStream } from '../signal/messages.js';
import type { StreamType } from '../types.js';

export function toWire(streamType: StreamType): WireStream {
  return streamType === 'sub' ? 'aux' : 'main';
}

export function toStreamType(stream: WireStream): StreamType {
  return stream === 'aux' ? 'sub' : 'main';
}

export const STREAMS: readonly WireStream[] = ['main', 'aux'];
export const KINDS: readonly Kind[] = ['audio', 'video'];

/** User ids are free text; the stream and kind go first so that no id can imitate a separator. */
export function streamKey(ref: StreamRef): string {
  return `${ref.stream}/${ref.kind}/${ref.userId}`;
}
