/** Who signs for this user: the app's back end by the address, or a development server. */

import { PageError } from './errors.js';
import type { PageParams } from './params.js';

/** The members of GET /v1/config that the page needs. */
export interface ServerConfig {
  dev: boolean;
  sdkAppId: number | null;
  environments: ReadonlyArray<{ name: string; sdkAppId: number }>;
  lanUrls: readonly string[];
}

export interface Credentials {
  sdkAppId: number;
  userSig: string;
}

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Anything -> a configuration; what is missing or of another type counts as absent. */
export function readConfig(json: unknown): ServerConfig {
  const from = isRecord(json) ? json : {};
  const environments = Array.isArray(from['environments']) ? from['environments'] : [];
  const lanUrls = Array.isArray(from['lanUrls']) ? from['lanUrls'] : [];
  return {
    dev: from['dev'] === true,
    sdkAppId: typeof from['sdkAppId'] === 'number' ? from['sdkAppId'] : null,
    environments: environments.flatMap((entry: unknown) =>
      isRecord(entry) && typeof entry['name'] === 'string' && typeof entry['sdkAppId'] === 'number'
        ? [{ name: entry['name'], sdkAppId: entry['sdkAppId'] }]
        : []),
    lanUrls: lanUrls.filter((url: unknown): url is string => typeof url === 'string'),
  };
}

export async function fetchConfig(fetch: Fetch): Promise<ServerConfig> {
  let response: Response;
  try {
    response = await fetch('/v1/config');
  } catch {
    throw new PageError('config_unreachable');
  }
  if (!response.ok) throw new PageError('config_unreachable', `HTTP ${response.status}`);
  return readConfig(await response.json().catch(() => null));
}

/** The address's sdkAppID, else that of the environment named in it, else the server's. */
function appIdFor(params: PageParams, config: ServerConfig): number | null {
  if (params.sdkAppId !== null) return params.sdkAppId;
  const wanted = params.cloudenv.toLowerCase();
  const environment = config.environments.find(({ name }) => name.toLowerCase() === wanted);
  return environment?.sdkAppId ?? config.sdkAppId;
}

async function askDevelopmentServer(userId: string, fetch: Fetch): Promise<Credentials> {
  let response: Response;
  try {
    response = await fetch('/v1/dev/usersig', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
  } catch {
    throw new PageError('config_unreachable');
  }
  if (response.status === 404) throw new PageError('signature_missing');
  const body: unknown = await response.json().catch(() => null);
  if (!isRecord(body) || !response.ok) {
    const detail = isRecord(body) && typeof body['detail'] === 'string' ? body['detail'] : '';
    throw new PageError('sign_failed', detail || `HTTP ${response.status}`);
  }
  const { sdkAppId, userSig } = body;
  if (typeof sdkAppId !== 'number' || typeof userSig !== 'string') throw new PageError('sign_failed');
  return { sdkAppId, userSig };
}

/** Throws a PageError when nobody can sign. */
export async function getCredentials(
  params: PageParams, config: ServerConfig, userId: string, fetch: Fetch,
): Promise<Credentials> {
  const sdkAppId = appIdFor(params, config);
  if (params.userSig !== '') {
    if (sdkAppId === null) throw new PageError('app_id_missing');
    return { sdkAppId, userSig: params.userSig };
  }
  // The development server signs for its own app only.
  const otherApp = params.sdkAppId !== null && params.sdkAppId !== config.sdkAppId;
  if (!config.dev || otherApp) throw new PageError('signature_missing');
  return askDevelopmentServer(userId, fetch);
}
