/** Which server and app a name such as `PRO` or `DEV` stands for. */

export interface Environment {
  /** Base URL of the Duet server, such as `https://call.example.com`. Default: the page's origin. */
  server?: string;
  /** Used where the page gives none. */
  sdkAppID?: number;
}

/** When a page that is not seen gives up sending: on phones (`auto`, the default), everywhere, or nowhere. */
export type SuspendPolicy = 'auto' | 'always' | 'never';

export interface DuetUniConfig {
  environments?: Record<string, Environment>;
  /** For addresses whose cloudenv is none of `environments`, or that have none. Default: the page's origin. */
  server?: string;
  suspend?: SuspendPolicy;
  /** Milliseconds in the background until sending is suspended. Default 5000, as on the phone. */
  suspendAfter?: number;
}

export type EffectiveConfig = Required<Omit<DuetUniConfig, 'server'>> & { server: string | undefined };

const DEFAULTS: EffectiveConfig = { environments: {}, server: undefined, suspend: 'auto', suspendAfter: 5_000 };

let current: EffectiveConfig = DEFAULTS;

/** Once, before the first page is shown. What is missing has its default. */
export function configure(config: DuetUniConfig): void {
  current = { ...DEFAULTS, ...config };
}

export function configuration(): EffectiveConfig {
  return current;
}

/** The server for an address; `origin` is the page's. */
export function serverOf(config: EffectiveConfig, cloudenv: string | undefined, origin: string): string {
  const named = cloudenv === undefined ? '' : config.environments[cloudenv]?.server;
  return named || config.server || origin;
}
