/** How a picture is fitted into its view. Pure. */

import type { ObjectFit, Size } from '../platform/platform.js';
import type { FillMode } from '../types.js';

type Orientation = 'landscape' | 'portrait' | 'square';

function orientation({ width, height }: Size): Orientation {
  if (width === height) return 'square';
  return width > height ? 'landscape' : 'portrait';
}

/**
 * `auto` shows the whole picture when it and the view lie across each other, where filling would
 * cut most of it away, and fills otherwise. A square, or a size that is not known yet, fits both.
 */
export function objectFit(mode: FillMode, picture: Size, view: Size): ObjectFit {
  switch (mode) {
    case 'contain':
    case 'fill':
      return mode;
    case 'cover':
    case 'fillCrop':
      return 'cover';
    case 'auto': {
      const a = orientation(picture);
      const b = orientation(view);
      return a === b || a === 'square' || b === 'square' ? 'cover' : 'contain';
    }
  }
}
