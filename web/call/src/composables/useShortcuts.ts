import { onBeforeUnmount, onMounted } from 'vue';
import { shortcutFor } from '../logic/shortcuts.js';
import type { Action } from '../logic/shortcuts.js';

function isEditing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Keys of the whole window for as long as the component lives. */
export function useShortcuts(run: (action: Action) => void): void {
  const onKey = (event: KeyboardEvent): void => {
    const action = event.isComposing ? null : shortcutFor(event, isEditing(event.target));
    if (action === null) return;
    if (action !== 'close') event.preventDefault(); // Escape also leaves full screen
    run(action);
  };
  onMounted(() => addEventListener('keydown', onKey));
  onBeforeUnmount(() => removeEventListener('keydown', onKey));
}
