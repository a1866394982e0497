import { ref } from 'vue';
import { clampToStage, moveCorner, nearestCorner } from '../logic/layout.js';
import type { Corner, Insets, Point, Rect, Size } from '../logic/layout.js';

/** Less than this is a tap with an unsteady finger. */
const TAP_SLOP = 6;

interface Grip {
  key: string;
  pointerId: number;
  /** From the pointer to the tile's corner. */
  offset: Point;
  from: Point;
  moved: boolean;
}

/** Dragging the small pictures: free while held, into the nearest corner when let go. */
export function usePipDrag(stage: () => Size, insets: () => Insets) {
  const corner = ref<Corner>('bottom-right');
  const dragged = ref<{ key: string; at: Point } | null>(null);
  let grip: Grip | null = null;
  let justDragged = false;

  function start(event: PointerEvent, key: string, rect: Rect): void {
    if (event.button !== 0) return;
    justDragged = false;
    grip = {
      key,
      pointerId: event.pointerId,
      offset: { left: rect.left - event.clientX, top: rect.top - event.clientY },
      from: { left: event.clientX, top: event.clientY },
      moved: false,
    };
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  }

  function move(event: PointerEvent, size: Size): void {
    if (grip?.pointerId !== event.pointerId) return;
    const way = Math.hypot(event.clientX - grip.from.left, event.clientY - grip.from.top);
    grip.moved ||= way > TAP_SLOP;
    if (!grip.moved) return;
    const at = { left: event.clientX + grip.offset.left, top: event.clientY + grip.offset.top };
    dragged.value = { key: grip.key, at: clampToStage(at, size, stage(), insets()) };
  }

  function drop(event: PointerEvent, size: Size): void {
    if (grip?.pointerId !== event.pointerId) return;
    justDragged = grip.moved;
    grip = null;
    if (dragged.value) corner.value = nearestCorner(dragged.value.at, size, stage());
    dragged.value = null;
  }

  /** The click that a browser sends after a drag is not a tap. */
  function isTap(): boolean {
    const tap = !justDragged;
    justDragged = false;
    return tap;
  }

  function onKey(event: KeyboardEvent): void {
    const next = moveCorner(corner.value, event.key);
    if (!event.key.startsWith('Arrow')) return;
    corner.value = next;
    event.preventDefault();
  }

  return { corner, dragged, start, move, drop, isTap, onKey };
}

export type PipDrag = ReturnType<typeof usePipDrag>;
