/** The page's parameters, as an application passes them in the address. */

import type { Template } from '@duet/sdk';

export interface PageParams {
  /** As written in the address; '' = to be entered. See parseRoom. */
  roomId: string;
  userId: string;
  userSig: string;
  /** null = the server's configuration says. */
  sdkAppId: number | null;
  privateMapKey: string;
  template: Template;
  debugMode: boolean;
  /** Name of a server environment, '' = none given. */
  cloudenv: string;
  /** Wanted language, '' = the browser's. */
  language: string;
}

export type Room = { roomId: number } | { strRoomId: string };

const MAX_ROOM_NUMBER = 4294967295;
const MAX_ROOM_BYTES = 64;
const MAX_USER_BYTES = 128;

/** Lower-cased name -> value. The query string wins over the hash; `#a=1`, `#?a=1` and `#/x?a=1` are read. */
function collect(search: string, hash: string): Map<string, string> {
  const fragment = hash.replace(/^#/, '');
  const hashQuery = fragment.includes('?') ? fragment.slice(fragment.indexOf('?') + 1) : fragment;
  const values = new Map<string, string>();
  for (const text of [hashQuery, search]) {
    for (const [name, value] of new URLSearchParams(text)) values.set(name.toLowerCase(), value.trim());
  }
  return values;
}

function parseTemplate(text: string): Template {
  return text === 'grid' || text === 'custom' ? text : '1v1';
}

/** Names are matched without regard to case: roomID, roomId and roomid are the same. */
export function parsePageParams(search: string, hash = ''): PageParams {
  const values = collect(search, hash);
  const text = (name: string): string => values.get(name) ?? '';
  const sdkAppId = /^\d+$/.test(text('sdkappid')) ? Number(text('sdkappid')) : 0;
  return {
    roomId: text('roomid'),
    userId: text('userid'),
    userSig: text('usersig'),
    sdkAppId: sdkAppId >= 1 && sdkAppId <= 0xffffffff ? sdkAppId : null,
    privateMapKey: text('privatemapkey'),
    template: parseTemplate(text('template')),
    debugMode: ['true', '1'].includes(text('debugmode').toLowerCase()),
    cloudenv: text('cloudenv'),
    language: text('lang'),
  };
}

export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Digits are a room number, anything else a string room; null = neither is valid. */
export function parseRoom(text: string): Room | null {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) {
    const roomId = Number(trimmed);
    return roomId >= 1 && roomId <= MAX_ROOM_NUMBER ? { roomId } : null;
  }
  return trimmed !== '' && utf8Length(trimmed) <= MAX_ROOM_BYTES ? { strRoomId: trimmed } : null;
}

export function isValidUserId(text: string): boolean {
  const trimmed = text.trim();
  return trimmed !== '' && utf8Length(trimmed) <= MAX_USER_BYTES;
}

/** Can be said aloud over a telephone and is not guessed by chance: six digits. `random` is in [0, 1). */
export function randomRoom(random: number): string {
  return String(100000 + Math.floor(random * 900000));
}

export function guestName(word: string, random: number): string {
  return `${word} ${1000 + Math.floor(random * 9000)}`;
}

/** This room's parameters for an address bar; never who one is nor a signature. */
function roomQuery(roomId: string, params: PageParams): URLSearchParams {
  const query = new URLSearchParams({ roomID: roomId.trim() });
  if (params.template !== '1v1') query.set('template', params.template);
  if (params.cloudenv) query.set('cloudenv', params.cloudenv);
  if (params.sdkAppId !== null) query.set('sdkAppID', String(params.sdkAppId));
  return query;
}

/** A link that brings another person into the room. `base` is an address of this page. */
export function shareLink(base: string, roomId: string, params: PageParams): string {
  const url = new URL(base);
  url.search = roomQuery(roomId, params).toString();
  url.hash = '';
  return url.href;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

/**
 * Addresses under which others reach the page, best first. A page opened as localhost is shared by
 * the addresses that the server found for itself: a phone's localhost is the phone.
 */
export function shareBases(pageUrl: string, lanUrls: readonly string[]): string[] {
  const page = new URL(pageUrl);
  const own = `${page.origin}${page.pathname}`;
  return isLoopback(page.hostname) && lanUrls.length > 0 ? [...lanUrls] : [own];
}
