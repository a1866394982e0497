/** The events of fingers and wheels behind Pinch. */

import type { Cancel } from '../core/host.js';
import type { Zoomable } from '../core/pinch.js';
import { Pinch } from '../core/pinch.js';

function apart({ touches }: TouchEvent): number | null {
  const [a, b] = [touches[0], touches[1]];
  return a && b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : null;
}

/** What zooms the camera does not zoom or scroll the page. */
export function listenForPinch(element: HTMLElement, camera: Zoomable): Cancel {
  const pinch = new Pinch(camera);
  const touch = (event: TouchEvent): void => {
    if (pinch.fingers(apart(event)) && event.cancelable) event.preventDefault();
  };
  const wheel = (event: WheelEvent): void => {
    if (event.ctrlKey && pinch.wheel(event.deltaY)) event.preventDefault();
  };
  const touches = ['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const;
  for (const type of touches) element.addEventListener(type, touch, { passive: false });
  element.addEventListener('wheel', wheel, { passive: false });
  return () => {
    for (const type of touches) element.removeEventListener(type, touch);
    element.removeEventListener('wheel', wheel);
  };
}
