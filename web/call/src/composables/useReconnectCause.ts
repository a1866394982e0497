import { computed, onScopeDispose, ref, watch } from 'vue';
import type { Ref } from 'vue';
import { reconnectKey } from '../logic/errors.js';

const PROBE_MS = 2000;
const PROBE_TIMEOUT_MS = 1800;

async function serverAnswers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return (await fetch('/healthz', { cache: 'no-store', signal })).ok;
  } catch {
    return false;
  }
}

/**
 * While `active`, finds out why the connection is not there: no network here, no server there, or
 * neither. Only for words; getting the connection back is the SDK's work.
 */
export function useReconnectCause(active: Ref<boolean>) {
  const online = ref(navigator.onLine);
  const answers = ref(true);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function probe(): Promise<void> {
    online.value = navigator.onLine;
    answers.value = await serverAnswers();
    if (active.value) timer = setTimeout(() => void probe(), PROBE_MS);
  }

  watch(active, (isActive) => {
    clearTimeout(timer);
    answers.value = true;
    if (isActive) void probe();
  }, { immediate: true });
  onScopeDispose(() => clearTimeout(timer));

  return computed(() => reconnectKey(online.value, answers.value));
}
