import { onBeforeUnmount, onMounted } from 'vue';

/** Keeps a phone's screen on for as long as the component lives, where the browser can. */
export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null;
  let wanted = true;

  // A lock ends whenever the page is hidden, so it is asked for again.
  async function acquire(): Promise<void> {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
    const got = await navigator.wakeLock.request('screen').catch(() => null);
    if (wanted) lock = got;
    else void got?.release();
  }
  const onVisible = (): void => void acquire();

  onMounted(() => {
    document.addEventListener('visibilitychange', onVisible);
    void acquire();
  });
  onBeforeUnmount(() => {
    wanted = false;
    document.removeEventListener('visibilitychange', onVisible);
    void lock?.release();
  });
}
