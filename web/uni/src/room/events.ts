/** Names of the component's events: `component.EVENT.X`. */
export const EVENT = {
  LOCAL_JOIN: 'LOCAL_JOIN',
  LOCAL_LEAVE: 'LOCAL_LEAVE',
  REMOTE_USER_JOIN: 'REMOTE_USER_JOIN',
  REMOTE_USER_LEAVE: 'REMOTE_USER_LEAVE',
  /** Duet's own: the member's connection is lost and the seat kept; it is back. */
  REMOTE_USER_PAUSED: 'REMOTE_USER_PAUSED',
  REMOTE_USER_RESUMED: 'REMOTE_USER_RESUMED',
  REMOTE_VIDEO_ADD: 'REMOTE_VIDEO_ADD',
  REMOTE_VIDEO_REMOVE: 'REMOTE_VIDEO_REMOVE',
  REMOTE_AUDIO_ADD: 'REMOTE_AUDIO_ADD',
  REMOTE_AUDIO_REMOVE: 'REMOTE_AUDIO_REMOVE',
  REMOTE_STATE_UPDATE: 'REMOTE_STATE_UPDATE',
  LOCAL_NET_STATE_UPDATE: 'LOCAL_NET_STATE_UPDATE',
  REMOTE_NET_STATE_UPDATE: 'REMOTE_NET_STATE_UPDATE',
  LOCAL_AUDIO_VOLUME_UPDATE: 'LOCAL_AUDIO_VOLUME_UPDATE',
  REMOTE_AUDIO_VOLUME_UPDATE: 'REMOTE_AUDIO_VOLUME_UPDATE',
  VIDEO_FULLSCREEN_UPDATE: 'VIDEO_FULLSCREEN_UPDATE',
  BGM_PLAY_START: 'BGM_PLAY_START',
  BGM_PLAY_FAIL: 'BGM_PLAY_FAIL',
  BGM_PLAY_PROGRESS: 'BGM_PLAY_PROGRESS',
  BGM_PLAY_COMPLETE: 'BGM_PLAY_COMPLETE',
  ERROR: 'ERROR',
  IM_READY: 'IM_READY',
  IM_MESSAGE_RECEIVED: 'IM_MESSAGE_RECEIVED',
  IM_NOT_READY: 'IM_NOT_READY',
  IM_KICKED_OUT: 'IM_KICKED_OUT',
  IM_ERROR: 'IM_ERROR',
} as const;

export type RoomEvent = (typeof EVENT)[keyof typeof EVENT];
export interface EventArgument { eventCode: RoomEvent; data: unknown }
export type RoomHandler = (event: EventArgument) => void;

/** Calls handlers in the order in which they came; one that throws does not keep the others from theirs. */
export class EventTable {
  readonly #handlers = new Map<string, Array<{ handler: RoomHandler; context: unknown }>>();

  on(event: string, handler: RoomHandler, context: unknown): void {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), { handler, context }]);
  }

  /** Without a handler: all of the event. `*` = everything. */
  off(event: string, handler?: RoomHandler): void {
    if (event === '*') this.#handlers.clear();
    else if (!handler) this.#handlers.delete(event);
    else this.#handlers.set(event, (this.#handlers.get(event) ?? []).filter((entry) => entry.handler !== handler));
  }

  emit(event: RoomEvent, data: unknown): void {
    for (const { handler, context } of this.#handlers.get(event) ?? []) {
      try {
        handler.call(context, { eventCode: event, data });
      } catch (error) {
        console.error(`a handler of ${event} failed`, error);
      }
    }
  }
}
