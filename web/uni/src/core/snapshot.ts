/** The size of a picture that is given as a PNG data URL, read off its header (RFC 2083, 4.1.1). Pure. */
export function pngSize(dataUrl: string): { width: number; height: number } {
  const base64 = dataUrl.slice(dataUrl.indexOf(',') + 1);
  const head = atob(base64.slice(0, 32)); // 24 bytes: signature, length, "IHDR", width, height
  const at = (offset: number): number => (
    [0, 1, 2, 3].reduce((value, i) => value * 256 + head.charCodeAt(offset + i), 0));
  return { width: at(16), height: at(20) };
}
