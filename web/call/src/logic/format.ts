/** Numbers -> text. */

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** 0:07, 12:30, 1:02:03. Negative and broken values count as 0. */
export function formatDuration(ms: number): string {
  const total = Number.isFinite(ms) && ms > 0 ? Math.floor(ms / 1000) : 0;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** A clock time such as 14:05 in the reader's language. */
export function formatClock(unixMs: number, language: string): string {
  return new Date(unixMs).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
}

/** 640 kbit/s, 1.25 Mbit/s. */
export function formatBitrate(kbps: number): string {
  if (!Number.isFinite(kbps) || kbps < 0) return '–';
  return kbps < 1000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(2)} Mbit/s`;
}

/** One or two letters that stand for a person. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s._-]+/).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return letters.join('').toUpperCase() || '?';
}

/** A hue in degrees that is always the same for the same name. */
export function nameHue(name: string): number {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}
