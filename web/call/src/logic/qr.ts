import qrcode from 'qrcode-generator';

/** Light border that scanners need, in modules. */
const QUIET = 4;

export interface QrPicture {
  /** Side of the square view box, border included. */
  side: number;
  /** SVG path of the dark modules. */
  path: string;
}

/** `text` must be ASCII, as a link is. */
export function qrPicture(text: string): QrPicture {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = '';
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  return { side: count + 2 * QUIET, path };
}
