/**
 * Messages of a call, over the room's own: no service of others is needed.
 *
 *   cmdID 1  text to the room, plain UTF-8, as Duet's call page sends it
 *   cmdID 2  custom to the room: JSON {data, description, extension}
 *   cmdID 3  text to one user
 *   cmdID 4  custom to one user
 */

export interface CustomPayload {
  data: string;
  description: string;
  extension: string;
}

/** What IM_MESSAGE_RECEIVED carries, in a list. */
export interface RoomChatMessage {
  type: 'TIMTextElem' | 'TIMCustomElem';
  conversationType: 'GROUP' | 'C2C';
  from: string;
  to: string;
  /** Seconds since the Unix epoch, on this device. */
  time: number;
  payload: { text: string } | CustomPayload;
}

const CMD = { groupText: 1, groupCustom: 2, userText: 3, userCustom: 4 } as const;

export interface Packed {
  cmdID: number;
  data: ArrayBuffer;
}

/** UTF-8, also where the platform has no TextEncoder. */
export function utf8(text: string): ArrayBuffer {
  const escaped = unescape(encodeURIComponent(text));
  const bytes = new Uint8Array(escaped.length);
  for (let i = 0; i < escaped.length; i++) bytes[i] = escaped.charCodeAt(i);
  return bytes.buffer as ArrayBuffer;
}

/** null = it is no UTF-8. */
export function fromUtf8(data: ArrayBuffer): string | null {
  try {
    return decodeURIComponent(escape(String.fromCharCode(...new Uint8Array(data))));
  } catch {
    return null;
  }
}

export function packText(text: string, toUser: boolean): Packed {
  return { cmdID: toUser ? CMD.userText : CMD.groupText, data: utf8(text) };
}

export function packCustom({ data, description, extension }: CustomPayload, toUser: boolean): Packed {
  return { cmdID: toUser ? CMD.userCustom : CMD.groupCustom, data: utf8(JSON.stringify({ data, description, extension })) };
}

/** null = no message of this kind. */
export function unpack(from: string, to: string, room: string, { cmdID, data }: Packed, time: number): RoomChatMessage | null {
  const text = fromUtf8(data);
  if (text === null) return null;
  const forUser = cmdID === CMD.userText || cmdID === CMD.userCustom;
  const head = { conversationType: forUser ? 'C2C' as const : 'GROUP' as const, from, to: forUser ? to : room, time };
  if (cmdID === CMD.groupText || cmdID === CMD.userText) return { ...head, type: 'TIMTextElem', payload: { text } };
  if (cmdID !== CMD.groupCustom && cmdID !== CMD.userCustom) return null;
  try {
    const given = JSON.parse(text) as Partial<Record<string, unknown>>;
    const member = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
    return { ...head, type: 'TIMCustomElem', payload: { data: member('data'), description: member('description'), extension: member('extension') } };
  } catch {
    return null;
  }
}
