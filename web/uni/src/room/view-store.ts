/**
 * How pictures are shown. Settings belong to the visit of a room: they may come before the stream and the
 * user, and outlive suspension, reconnection, and leaving and entering the same room. Pure.
 */

export type ViewStreamType = 'main' | 'aux';
export type ViewFillMode = 'contain' | 'fillCrop' | 'auto';

/** Pixels within the component, or a string with a unit. */
export interface ViewRect {
  xAxis: number | string;
  yAxis: number | string;
  width: number | string;
  height: number | string;
}

export interface ViewSettings {
  fillMode?: ViewFillMode;
  orientation?: 'vertical' | 'horizontal';
  visible?: boolean;
  rect?: ViewRect;
  zIndex?: number;
}

export class ViewStore {
  readonly #views = new Map<string, ViewSettings>();
  #room: number | string | null = null;
  #localUserID = '';
  /** What the others' main pictures are that have no mode of their own. */
  #remoteFillMode: ViewFillMode | undefined;

  /** Another room or another user begins with nothing set. */
  enter(room: number | string, localUserID: string): void {
    if (this.#room !== null && (this.#room !== room || this.#localUserID !== localUserID)) {
      this.#views.clear();
      this.#remoteFillMode = undefined;
    }
    this.#room = room;
    this.#localUserID = localUserID;
  }

  /**
   * A fill mode for the local user is the preview's and the others' default: that is what pages mean that
   * set it for themselves when they have entered.
   */
  set(userID: string, streamType: ViewStreamType, change: ViewSettings): void {
    const key = this.#key(userID, streamType);
    this.#views.set(key, { ...this.#views.get(key), ...change });
    if (key === 'local' && change.fillMode) this.#remoteFillMode = change.fillMode;
  }

  /** '' = the local user. */
  get(userID: string, streamType: ViewStreamType): ViewSettings & { fillMode: ViewFillMode } {
    const key = this.#key(userID, streamType);
    const view = this.#views.get(key) ?? {};
    const fallback = key !== 'local' && streamType === 'main' ? this.#remoteFillMode : undefined;
    return { ...view, fillMode: view.fillMode ?? fallback ?? 'auto' };
  }

  #key(userID: string, streamType: ViewStreamType): string {
    return userID === '' || userID === this.#localUserID ? 'local' : `${streamType}/${userID}`;
  }
}
