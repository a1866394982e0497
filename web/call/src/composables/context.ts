import { inject } from 'vue';
import type { InjectionKey } from 'vue';
import type { Call } from './useCall.js';
import type { Devices } from './useDevices.js';

export interface PageContext {
  call: Call;
  devices: Devices;
}

export const pageContextKey: InjectionKey<PageContext> = Symbol('page');

/** The one call of this page and its devices, for every component below App. */
export function usePage(): PageContext {
  const page = inject(pageContextKey);
  if (!page) throw new Error('usePage outside the call page');
  return page;
}
