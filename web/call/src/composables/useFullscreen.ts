import { onBeforeUnmount, onMounted, ref } from 'vue';

/** The whole page without the browser's bars. */
export function useFullscreen() {
  const supported = document.fullscreenEnabled === true; // iPhones: no
  const active = ref(false);
  const update = (): void => {
    active.value = document.fullscreenElement !== null;
  };
  onMounted(() => document.addEventListener('fullscreenchange', update));
  onBeforeUnmount(() => {
    document.removeEventListener('fullscreenchange', update);
    if (active.value) void document.exitFullscreen();
  });

  // The browser may refuse, such as inside a frame: then it simply stays as it is.
  async function toggle(): Promise<void> {
    const change = active.value ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    await change.catch(() => undefined);
  }

  return { supported, active, toggle };
}
