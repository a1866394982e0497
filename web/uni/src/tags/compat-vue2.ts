/**
 * What else keeps a Vue 2 project that was written for the mini program from running in a browser. Each
 * piece can be switched off.
 */

import { downloadImage } from './download.js';
import { versioned, versionedSync } from './versions.js';

export interface CompatibilityOptions {
  /** onLoad and onShow run when the page's refs exist, as in the mini program. Default true. */
  lateOnLoad?: boolean;
  /** getSystemInfoSync tells versions that version checks accept where the browser has none. Default true. */
  systemVersions?: boolean;
  /** saveImageToPhotosAlbum downloads the picture. Default true. */
  downloads?: boolean;
}

interface PageInstance {
  _isMounted?: boolean;
  $mp?: { mpType?: string };
  $once(event: string, run: () => void): void;
}

type Hook = (this: PageInstance, name: string, args?: unknown) => unknown;

function deferHooks(prototype: { __call_hook?: Hook }): void {
  const original = prototype.__call_hook;
  if (!original) return;
  prototype.__call_hook = function callHook(this: PageInstance, name: string, args?: unknown): unknown {
    const early = (name === 'onLoad' || name === 'onShow') && this.$mp?.mpType === 'page' && !this._isMounted;
    if (!early) return original.call(this, name, args);
    this.$once('hook:mounted', () => original.call(this, name, args));
    return undefined;
  };
}

interface Uni {
  getSystemInfoSync?: () => Record<string, unknown>;
  getSystemInfo?: (options?: object) => unknown;
  saveImageToPhotosAlbum?: unknown;
}

function reportVersions(uni: Uni): void {
  if (uni.getSystemInfoSync) uni.getSystemInfoSync = versionedSync(uni.getSystemInfoSync.bind(uni));
  if (uni.getSystemInfo) uni.getSystemInfo = versioned(uni.getSystemInfo.bind(uni));
}

/** `uni` is also the project's `wx`. */
export function installCompatibility(vue: unknown, uni: object, options: CompatibilityOptions): void {
  const { lateOnLoad = true, systemVersions = true, downloads = true } = options;
  if (lateOnLoad) deferHooks((vue as { prototype: { __call_hook?: Hook } }).prototype);
  if (systemVersions) reportVersions(uni as Uni);
  if (downloads) (uni as Uni).saveImageToPhotosAlbum = downloadImage;
}
