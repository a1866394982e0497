/** Keys of the call screen. */

export type Action = 'mute' | 'camera' | 'screen' | 'swap' | 'fill-mode' | 'fullscreen' | 'chat' | 'close';

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
}

export const SHORTCUTS: ReadonlyArray<{ key: string; action: Action }> = [
  { key: 'M', action: 'mute' },
  { key: 'V', action: 'camera' },
  { key: 'S', action: 'screen' },
  { key: 'X', action: 'swap' },
  { key: 'A', action: 'fill-mode' },
  { key: 'F', action: 'fullscreen' },
  { key: 'C', action: 'chat' },
  { key: 'Esc', action: 'close' },
];

/** `editing`: the focus is in a field, where letters are letters; Escape works there as well. */
export function shortcutFor(press: KeyPress, editing: boolean): Action | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return null;
  if (press.key === 'Escape') return 'close';
  if (editing) return null;
  return SHORTCUTS.find(({ key }) => key === press.key.toUpperCase())?.action ?? null;
}
