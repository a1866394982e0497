import { computed, onScopeDispose, ref } from 'vue';
import { formatDuration } from '../logic/format.js';

/** Time since `startedAt` (Unix milliseconds) as text, ticking. */
export function useCallTime(startedAt: () => number) {
  const now = ref(Date.now());
  const timer = setInterval(() => { now.value = Date.now(); }, 500);
  onScopeDispose(() => clearInterval(timer));
  return computed(() => formatDuration(startedAt() > 0 ? now.value - startedAt() : 0));
}
