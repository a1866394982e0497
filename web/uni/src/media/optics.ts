/** Zoom and focus of a camera, where the browser hands them over. */

import type { Optics } from '../core/host.js';

/** Members that the DOM types do not know. */
interface Capabilities extends MediaTrackCapabilities {
  zoom?: { min: number; max: number };
  focusMode?: string[];
}

interface Settings extends MediaTrackSettings {
  zoom?: number;
}

export function optics(track: MediaStreamTrack): Optics {
  const capabilities = (): Capabilities => track.getCapabilities?.() ?? {};
  // Chromium takes these alone only, not beside the size that the camera was opened with, which stays. Each call says
  // all of them, for what is not said falls back.
  const said: { zoom?: number; focusMode?: string } = {};
  const apply = (change: typeof said): void => {
    Object.assign(said, change);
    void track.applyConstraints({ advanced: [{ ...said } as MediaTrackConstraintSet] })
      .catch(() => undefined); // let go, or not able to after all
  };
  return {
    zoomRange: () => {
      const { zoom } = capabilities();
      return zoom ? { min: zoom.min, max: zoom.max, value: (track.getSettings() as Settings).zoom ?? zoom.min } : null;
    },
    setZoom: (zoom) => apply({ zoom }),
    setAutoFocus: (on) => {
      const focusMode = on ? 'continuous' : 'manual';
      if (capabilities().focusMode?.includes(focusMode)) apply({ focusMode });
    },
  };
}
