/** `window.duetCall`: what tests and scripts may rely on. Described in README.md. */

import { callStats } from './logic/stats.js';
import type { CallStats } from './logic/stats.js';
import type { Call, CallMarks, CallState } from './composables/useCall.js';

export interface DuetCallHooks {
  readonly state: CallState;
  readonly marks: CallMarks;
  stats(): Promise<CallStats>;
}

declare global {
  interface Window {
    duetCall?: DuetCallHooks;
  }
}

export function installHooks(call: Call): void {
  window.duetCall = {
    get state() {
      return call.state.value;
    },
    get marks() {
      return { ...call.marks };
    },
    stats: async () => callStats(await call.duet.getPeerConnectionStats()),
  };
}
