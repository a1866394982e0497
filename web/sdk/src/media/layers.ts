/**
 * Simulcast: in which sizes a camera is offered, and what each of them is to send. Pure.
 *
 * A section is offered with encodings named q, h and f (quarter, half, full; RFC 8853), the smallest first, or with one
 * that has no name. Names and number stay for as long as the section lives; sizes, rates and which of them are sent change.
 *
 * Browsers encode a picture only in as many sizes as its pixels are worth and leave out the *largest* of the encodings
 * that are too many. So no more are offered, or switched on, than the picture is worth. A picture that the browser itself
 * makes smaller, because the computer is busy, is worth fewer for that time: Chromium keeps the largest of encodings that
 * are bounded by a size instead of a scale, so they are given both.
 */

import type { Size } from '../platform/platform.js';
import type { VideoProfile } from '../types.js';
import type { Encoding } from './transport.js';

/** Whether the app wants a small picture beside the large one: yes, no, in this size, or as the room has it. */
export type SmallWish = boolean | VideoProfile | undefined;

/** What one encoding sends. `maxBitrate` in kbit/s. */
export interface LayerSetting {
  active: boolean;
  scaleResolutionDownBy: number;
  maxBitrate: number;
  /** The same as a size, which counts more where the browser knows it. */
  scaleResolutionDownTo?: { maxWidth: number; maxHeight: number };
}

/** The smallest first. */
export const RIDS: readonly string[] = ['q', 'h', 'f'];
const FULL = 'f';
const SCALES: Readonly<Record<string, number>> = { q: 4, h: 2, f: 1 };
const PIXELS_FOR_TWO = 480 * 270;
const PIXELS_FOR_THREE = 960 * 540;
/** Of the short side: cameras below it are small already. */
const SMALL_BY_DEFAULT_FROM = 360;
/** A small profile below a third of the picture is nearer to a quarter than to a half. */
const QUARTER_FROM = 3;
/** kbit/s that an encoding which somebody needs is never limited below: there would be no picture. */
const LEAST_KBPS = 50;

const shortSide = ({ width, height }: Size): number => Math.min(width, height);
const longSide = ({ width, height }: Size): number => Math.max(width, height);

/** How many sizes of this picture a browser encodes. */
function worth({ width, height }: Size): 1 | 2 | 3 {
  const pixels = width * height;
  if (pixels >= PIXELS_FOR_THREE) return 3;
  return pixels >= PIXELS_FOR_TWO ? 2 : 1;
}

/** How much smaller `small` is, whichever way either is turned; at least 1. */
function ratio(picture: Size, small: Size): number {
  return Math.max(1, longSide(picture) / longSide(small), shortSide(picture) / shortSide(small));
}

/**
 * The encodings to offer for a camera, the smallest first; none = one without a name. `encoding` is null when the camera
 * is not started yet; `group`: there may be more than one receiver, whose paths and views differ.
 */
export function ridsToOffer(encoding: Encoding | null, group: boolean): string[] {
  if (!encoding) return group ? ['h', FULL] : [];
  const { size, small = group ? undefined : false } = encoding;
  if (small === false || !size) return [];
  const count = worth(size);
  if (count === 1 || (small === undefined && shortSide(size) < SMALL_BY_DEFAULT_FROM)) return [];
  if (typeof small === 'object') return [ratio(size, small) >= QUARTER_FROM ? 'q' : 'h', FULL];
  return count === 3 ? ['q', 'h', FULL] : ['h', FULL];
}

/** Which of a section's encodings the picture is worth, and the app wants. */
function planned(rids: readonly string[], { size, small }: Encoding): string[] {
  const count = size ? worth(size) : rids.length;
  return small === false || count === 1 ? rids.slice(-1) : rids.slice(-count);
}

function scaleOf(rid: string, index: number, { size, small }: Encoding): number {
  if (index === 0 && typeof small === 'object' && size) return ratio(size, small);
  return SCALES[rid] ?? 1;
}

/** Details are worth fewer bits the more of them there are: a quarter of the pixels takes a third of the bits. */
function bitrateOf(scale: number, index: number, { bitrate, small }: Encoding): number {
  if (index === 0 && typeof small === 'object') return Math.min(bitrate, small.bitrate);
  return Math.round(bitrate / scale ** 1.5);
}

/**
 * What each encoding of a section sends. `needed` is what the server named, null when it named nothing; what it named is
 * kept, whatever the limit. `limit` (kbit/s, 0 = none) is for all together and takes from the largest first.
 */
export function layout(
  rids: readonly string[], encoding: Encoding, needed: ReadonlySet<string> | null, limit: number,
): LayerSetting[] {
  const whole = { active: true, scaleResolutionDownBy: 1, maxBitrate: encoding.bitrate };
  if (rids.length <= 1) return [{ ...whole, maxBitrate: limit > 0 ? Math.min(limit, encoding.bitrate) : encoding.bitrate }];

  const plan = planned(rids, encoding);
  const kept = plan.filter((rid) => !needed || needed.has(rid));
  const active = new Set(kept.length > 0 ? kept : plan.slice(0, 1));
  const settings = rids.map((rid, index): LayerSetting => {
    if (rid === rids.at(-1)) return { ...whole, active: active.has(rid) };
    const scale = scaleOf(rid, index, encoding);
    return { active: active.has(rid), scaleResolutionDownBy: scale, maxBitrate: bitrateOf(scale, index, encoding) };
  });
  if (limit > 0) share(limit, settings.filter((setting) => setting.active));
  if (encoding.size) boundBySize(settings, encoding.size);
  return settings;
}

/** The smallest first, so that what is missing is missing at the largest; each leaves the later ones their least. */
function share(limit: number, settings: LayerSetting[]): void {
  let left = limit;
  settings.forEach((setting, index) => {
    const others = LEAST_KBPS * (settings.length - 1 - index);
    setting.maxBitrate = Math.min(setting.maxBitrate, Math.max(LEAST_KBPS, left - others));
    left -= setting.maxBitrate;
  });
}

function boundBySize(settings: LayerSetting[], { width, height }: Size): void {
  for (const setting of settings) {
    setting.scaleResolutionDownTo = {
      maxWidth: Math.ceil(width / setting.scaleResolutionDownBy),
      maxHeight: Math.ceil(height / setting.scaleResolutionDownBy),
    };
  }
}
