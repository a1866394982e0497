/** PUBLISH_STATE_CHANGED: which of the three media is being sent. Pure. */

import type { RtcError } from '../errors.js';
import type { PublishStateChanged } from '../events.js';
import type { Kind, WireStream } from '../signal/messages.js';

type MediaType = PublishStateChanged['mediaType'];
type State = PublishStateChanged['state'];

/** The sound of a shared screen has no state of its own. */
export function mediaTypeOf(stream: WireStream, kind: Kind): MediaType | null {
  if (stream === 'aux') return kind === 'video' ? 'screen' : null;
  return kind;
}

export class PublishStates {
  readonly #states = new Map<MediaType, State>();

  /** The event, or null when nothing changed. */
  change(mediaType: MediaType, state: State, error?: RtcError): PublishStateChanged | null {
    const prevState = this.#states.get(mediaType) ?? 'stopped';
    if (state === prevState || (state === 'starting' && prevState === 'started')) return null;
    this.#states.set(mediaType, state);
    const event: PublishStateChanged = { mediaType, state, prevState };
    if (state === 'stopped') event.reason = error ? 'error' : 'api-call';
    if (error) event.error = error;
    return event;
  }
}
