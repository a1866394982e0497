/**
 * What this browser remembers. Devices and language are kept for good. Name and room only for this
 * tab, so that a reload finds them: two tabs with one name would throw each other out of the room.
 */

type LastingSetting = 'language' | 'camera' | 'microphone' | 'speaker';
type TabSetting = 'name' | 'room';

const PREFIX = 'duet.call.';

// Browsers may forbid storage altogether; the page then only forgets.
function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(PREFIX + name) ?? '';
  } catch {
    return '';
  }
}

function write(storage: () => Storage, name: string, value: string): void {
  try {
    storage().setItem(PREFIX + name, value);
  } catch {
    // see above
  }
}

export function storedSetting(name: LastingSetting): string {
  return read(() => localStorage, name);
}

export function storeSetting(name: LastingSetting, value: string): void {
  write(() => localStorage, name, value);
}

export function tabSetting(name: TabSetting): string {
  return read(() => sessionStorage, name);
}

export function storeTabSetting(name: TabSetting, value: string): void {
  write(() => sessionStorage, name, value);
}
