/** What uni.saveImageToPhotosAlbum does in a browser: the picture is downloaded. */

interface Options {
  filePath?: string;
  success?: (result: { errMsg: string; path: string }) => void;
  fail?: (error: { errMsg: string }) => void;
  complete?: (result: { errMsg: string }) => void;
}

export function downloadImage({ filePath = '', success, fail, complete }: Options = {}): void {
  const name = 'saveImageToPhotosAlbum';
  if (filePath === '') {
    const error = { errMsg: `${name}:fail filePath is missing` };
    fail?.(error);
    complete?.(error);
    return;
  }
  const link = document.createElement('a');
  link.href = filePath;
  link.download = `snapshot-${new Date().toISOString().replace(/[:.]/g, '-')}.png`;
  link.click();
  const result = { errMsg: `${name}:ok`, path: filePath };
  success?.(result);
  complete?.(result);
}
