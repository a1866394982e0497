/** Two fingers on a picture, or a wheel, to a zoom factor. Pure. */

export interface Zoomable {
  zoomRange(): { min: number; max: number; value: number } | null;
  setZoom(value: number): void;
}

/** Wheel units for a factor of e; trackpads send pinches as a wheel with ctrl. */
const WHEEL_PER_E = 100;

export class Pinch {
  readonly #camera: Zoomable;
  #start: { distance: number; value: number } | null = null;

  constructor(camera: Zoomable) {
    this.#camera = camera;
  }

  /** How far two fingers are apart now; null = there are not two. True when it zooms. */
  fingers(distance: number | null): boolean {
    const range = this.#camera.zoomRange();
    if (distance === null || distance <= 0 || !range) {
      this.#start = null;
      return false;
    }
    this.#start ??= { distance, value: range.value };
    this.#set(range, this.#start.value * (distance / this.#start.distance));
    return true;
  }

  /** True when it zooms. */
  wheel(delta: number): boolean {
    const range = this.#camera.zoomRange();
    if (!range) return false;
    this.#set(range, Math.max(range.value, Number.EPSILON) * Math.exp(-delta / WHEEL_PER_E));
    return true;
  }

  #set({ min, max, value }: { min: number; max: number; value: number }, wanted: number): void {
    const next = Math.min(max, Math.max(min, wanted));
    if (next !== value) this.#camera.setZoom(next);
  }
}
