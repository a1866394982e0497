/**
 * Browsers pause the elements of a page that they freeze, and leave them so when it goes on; iOS does it to pages in the background.
 * `play` is called when the page is back and the element stands still. Returns what ends it.
 */
export function keepPlaying(element: HTMLMediaElement, play: () => void): () => void {
  const back = (): void => {
    if (document.visibilityState === 'visible' && element.paused && element.srcObject) play();
  };
  document.addEventListener('resume', back);
  document.addEventListener('visibilitychange', back);
  window.addEventListener('pageshow', back);
  return () => {
    document.removeEventListener('resume', back);
    document.removeEventListener('visibilitychange', back);
    window.removeEventListener('pageshow', back);
  };
}
