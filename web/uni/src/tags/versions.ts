/** Versions of the platform where the browser has none: the checks of existing projects find '' there and say "too old". Pure. */

/** Newer than any that the checks compare with. */
const VERSIONS = { version: '8.0.50', SDKVersion: '3.5.0' };

type SystemInfo = Record<string, unknown>;
interface InfoOptions {
  success?: (info: SystemInfo) => void;
}

function withVersions(info: SystemInfo): SystemInfo {
  const result = { ...info };
  for (const [name, value] of Object.entries(VERSIONS)) if (!result[name]) result[name] = value;
  return result;
}

/** For getSystemInfoSync. */
export function versionedSync(original: () => SystemInfo): () => SystemInfo {
  return () => withVersions(original());
}

/** For getSystemInfo, with a callback or with a promise. */
export function versioned(original: (options?: InfoOptions) => unknown): (options?: InfoOptions) => unknown {
  return (options) => {
    const { success, ...rest } = options ?? {};
    const given = original({ ...rest, ...(success ? { success: (info: SystemInfo) => success(withVersions(info)) } : {}) });
    return given instanceof Promise ? given.then(withVersions) : given;
  };
}
