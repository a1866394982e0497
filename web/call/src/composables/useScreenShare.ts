import type { DuetClient } from '@duet/sdk';
import { ref } from 'vue';
import { deviceWords } from '../logic/errors.js';
import type { Words } from '../logic/errors.js';

/** Sharing one's own screen; `tell` gets the words when that does not work. */
export function useScreenShare(duet: DuetClient, tell: (words: Words) => void) {
  const sharing = ref(false);

  async function stop(): Promise<void> {
    if (!sharing.value) return;
    sharing.value = false;
    await duet.stopScreenShare().catch(() => undefined); // it is let go either way
  }

  async function toggle(): Promise<void> {
    if (sharing.value) return stop();
    try {
      await duet.startScreenShare({ option: { profile: '1080p' } });
      sharing.value = true;
    } catch (error) {
      const denied = deviceWords('camera', error).cause === 'camera_denied'; // the picker was closed
      tell(denied
        ? { key: 'screen.denied', cause: 'screen_denied', detail: '' }
        : { key: 'screen.failed', cause: 'screen_failed', detail: '' });
    }
  }

  duet.on('screen-share-stopped', () => {
    sharing.value = false;
  });
  return { sharing, toggle, stop };
}
