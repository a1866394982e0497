import type { DuetClient } from '@duet/sdk';
import { computed, ref, watch } from 'vue';
import { CHAT_CMD_ID, chatBytesLeft, decodeChat, encodeChat } from '../logic/chat.js';
import { errorWords } from '../logic/errors.js';
import type { Notices } from './useNotices.js';

export interface ChatMessage {
  id: number;
  /** '' = one's own. */
  userId: string;
  text: string;
  /** Unix milliseconds on this device. */
  at: number;
}

/** A long evening's worth; older ones are forgotten. */
const MAX_MESSAGES = 500;

/** Text messages of this visit to the room. */
export function useChat(duet: DuetClient, notices: Notices) {
  const messages = ref<ChatMessage[]>([]);
  const open = ref(false);
  const seen = ref(0);
  let lastId = 0;

  function append(userId: string, text: string): void {
    const message = { id: ++lastId, userId, text, at: Date.now() };
    messages.value = [...messages.value, message].slice(-MAX_MESSAGES);
    if (open.value) seen.value = lastId;
  }

  /** False when it was not sent; the reason is told as a notice. */
  function send(text: string): boolean {
    const trimmed = text.trim();
    if (trimmed === '' || chatBytesLeft(trimmed) < 0) return false;
    try {
      duet.sendCustomMessage({ cmdId: CHAT_CMD_ID, data: encodeChat(trimmed) });
    } catch (error) {
      notices.error(errorWords(error));
      return false;
    }
    append('', trimmed);
    return true;
  }

  duet.on('custom-message', ({ userId, cmdId, data }) => {
    const text = cmdId === CHAT_CMD_ID ? decodeChat(data) : '';
    if (text === '') return;
    append(userId, text);
    if (!open.value) {
      notices.info({ key: 'notice.message', values: { name: userId, text }, cause: 'message', detail: '' });
    }
  });

  watch(open, (isOpen) => {
    if (isOpen) seen.value = lastId;
  });

  function clear(): void {
    messages.value = [];
    open.value = false;
  }

  const unread = computed(() =>
    messages.value.filter(({ id, userId }) => userId !== '' && id > seen.value).length);

  return { messages, open, unread, send, clear };
}

export type Chat = ReturnType<typeof useChat>;
