import type { DuetClient, StatsEntry } from '@duet/sdk';
import { onScopeDispose, shallowRef } from 'vue';
import { panelStats } from '../logic/stats.js';
import type { PanelStats } from '../logic/stats.js';

const READ_MS = 1000;

/** Figures of the connection, read once a second for as long as the caller's scope lives. */
export function useStats(duet: DuetClient) {
  const stats = shallowRef<PanelStats | null>(null);
  let before: StatsEntry[] = [];

  async function read(): Promise<void> {
    const entries = await duet.getPeerConnectionStats().catch(() => []);
    stats.value = entries.length > 0 ? panelStats(entries, before) : null;
    before = entries;
  }

  const timer = setInterval(() => void read(), READ_MS);
  void read();
  onScopeDispose(() => clearInterval(timer));
  return stats;
}
