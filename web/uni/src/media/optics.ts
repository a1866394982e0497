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
  const apply = (constraint: object): void => {
    // `advanced` replaces nothing: what the camera was opened with stays.
    const constraints = { ...track.getConstraints(), advanced: [constraint as MediaTrackConstraintSet] };
    void track.applyConstraints(constraints).catch(() => undefined); // let go, or not able to after all
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
