import { ref } from 'vue';
import type { Words } from '../logic/errors.js';

export interface Notice {
  id: number;
  tone: 'info' | 'error';
  words: Words;
}

const INFO_MS = 4000;
const ERROR_MS = 9000;
const AT_MOST = 3;

/** Short messages that go by themselves; the oldest gives way when there are too many. */
export function useNotices() {
  const list = ref<Notice[]>([]);
  let lastId = 0;

  function dismiss(id: number): void {
    list.value = list.value.filter((notice) => notice.id !== id);
  }

  function add(tone: Notice['tone'], words: Words): void {
    const id = ++lastId;
    const others = list.value.filter((notice) => notice.words.cause !== words.cause);
    list.value = [...others, { id, tone, words }].slice(-AT_MOST);
    setTimeout(() => dismiss(id), tone === 'info' ? INFO_MS : ERROR_MS);
  }

  return {
    list,
    dismiss,
    info: (words: Words) => add('info', words),
    error: (words: Words) => add('error', words),
    clear: () => { list.value = []; },
  };
}

export type Notices = ReturnType<typeof useNotices>;
