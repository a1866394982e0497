import type { AutoplayFailed, DuetClient, FillMode } from '@duet/sdk';
import { computed, reactive, ref, shallowRef, watch } from 'vue';
import { fetchConfig, getCredentials } from '../logic/credentials.js';
import type { Fetch, ServerConfig } from '../logic/credentials.js';
import {
  connectionLostWords, errorWords, isAbort, isDeviceError, kickedWords,
} from '../logic/errors.js';
import type { Words } from '../logic/errors.js';
import { parseRoom } from '../logic/params.js';
import type { PageParams } from '../logic/params.js';
import { useChat } from './useChat.js';
import type { LocalMedia } from './useLocalMedia.js';
import { useMembers } from './useMembers.js';
import { useNotices } from './useNotices.js';

export type CallState = 'idle' | 'entering' | 'in-call' | 'reconnecting' | 'ended';

/** Milliseconds of performance.now(); null = has not happened in this visit. */
export interface CallMarks {
  joinClicked: number | null;
  entered: number | null;
  firstRemoteFrame: number | null;
}

export interface CallOptions {
  duet: DuetClient;
  media: LocalMedia;
  params: PageParams;
  fetch: Fetch;
}

const PREVIEW_VOLUME_MS = 120;
const CALL_VOLUME_MS = 400;
const FILL_MODES = ['auto', 'contain', 'cover'] as const satisfies readonly FillMode[];
export type PageFillMode = (typeof FILL_MODES)[number];

/** The call itself: idle -> entering -> in-call <-> reconnecting -> ended -> entering … */
export function useCall({ duet, media, params, fetch }: CallOptions) {
  const state = ref<CallState>('idle');
  /** Why entering failed, or why the call ended other than by hanging up. */
  const error = ref<Words | null>(null);
  const marks = reactive<CallMarks>({ joinClicked: null, entered: null, firstRemoteFrame: null });
  const config = shallowRef<ServerConfig | null>(null);
  const userId = ref('');
  const room = ref('');
  /** Unix milliseconds; 0 = not entered. */
  const startedAt = ref(0);
  const durationMs = ref(0);
  const fillMode = ref<PageFillMode>('auto');
  const blockedSound = shallowRef<AutoplayFailed | null>(null);
  let attempt = 0;
  const notices = useNotices();
  const members = useMembers(duet);
  const chat = useChat(duet, notices);

  const inside = computed(() => state.value === 'in-call' || state.value === 'reconnecting');

  function resetVisit(): void {
    error.value = null;
    Object.assign(marks, { joinClicked: performance.now(), entered: null, firstRemoteFrame: null });
    fillMode.value = 'auto';
    blockedSound.value = null;
    startedAt.value = 0;
    durationMs.value = 0;
    members.clear();
    chat.clear();
    notices.clear();
  }

  async function loadConfig(): Promise<ServerConfig> {
    config.value ??= await fetchConfig(fetch);
    return config.value;
  }

  /** `current`: this attempt was neither cancelled nor followed by another one. */
  async function enterRoom(current: () => boolean): Promise<void> {
    const where = parseRoom(room.value);
    if (!where) throw new Error(`not a room: ${room.value}`); // the form does not let it through
    const settings = await loadConfig();
    const credentials = await getCredentials(params, settings, userId.value, fetch);
    if (!current()) return;
    await duet.enterRoom({
      ...credentials,
      ...where,
      userId: userId.value,
      template: params.template,
      autoReceiveAudio: true,
      autoReceiveVideo: true,
      ...(params.cloudenv ? { cloudenv: params.cloudenv } : {}),
      ...(params.privateMapKey ? { privateMapKey: params.privateMapKey } : {}),
    });
  }

  /** Devices start beside it, never before it: a pending permission question delays nobody. */
  async function enter(name: string, roomText: string): Promise<void> {
    if (state.value === 'entering' || inside.value) return;
    resetVisit();
    state.value = 'entering';
    userId.value = name.trim();
    room.value = roomText.trim();
    const thisAttempt = ++attempt;
    const current = (): boolean => state.value === 'entering' && attempt === thisAttempt;
    void media.acquire();
    try {
      await enterRoom(current);
      if (!current()) return;
      marks.entered = performance.now();
      startedAt.value = Date.now();
      state.value = 'in-call';
    } catch (cause) {
      if (!current()) return;
      state.value = 'idle';
      error.value = isAbort(cause) ? null : errorWords(cause);
    }
  }

  /** Gives up entering. */
  async function cancel(): Promise<void> {
    if (state.value !== 'entering') return;
    state.value = 'idle';
    await duet.exitRoom().catch(() => undefined);
  }

  function end(reason: Words | null): void {
    if (!inside.value) return;
    durationMs.value = Date.now() - startedAt.value;
    state.value = 'ended';
    error.value = reason;
    notices.clear();
    void media.release();
    duet.exitRoom().catch(() => undefined); // gone either way: the server notices by itself
  }

  /** The SDK tells first that the connection is over, then why. */
  function explainEnd(reason: Words): void {
    if (state.value === 'ended' && error.value?.cause === 'connection_lost') error.value = reason;
  }

  function hangUp(): void {
    end(null);
  }

  /** Back to the first screen, to enter another room. */
  function reset(): void {
    if (inside.value || state.value === 'entering') return;
    state.value = 'idle';
    error.value = null;
  }

  function cycleFillMode(): void {
    const next = (FILL_MODES.indexOf(fillMode.value) + 1) % FILL_MODES.length;
    fillMode.value = FILL_MODES[next] ?? 'auto';
  }

  /** To be called in a tap: only then do browsers let sound play. */
  async function resumeSound(): Promise<void> {
    const blocked = blockedSound.value;
    blockedSound.value = null;
    await blocked?.resume().catch(() => {
      blockedSound.value = blocked;
    });
  }

  duet.on('connection-state-changed', ({ state: connection }) => {
    if (!inside.value) return;
    if (connection === 'DISCONNECTED') {
      end(connectionLostWords());
    } else if (connection === 'CONNECTING' || connection === 'RECONNECTING') {
      state.value = 'reconnecting';
    } else if (state.value === 'reconnecting') {
      state.value = 'in-call';
      notices.info({ key: 'notice.back', cause: 'connection_back', detail: '' });
    }
  });
  duet.on('error', (cause) => {
    if (isDeviceError(cause) || isAbort(cause)) return; // devices have their own words
    if (inside.value) notices.error(errorWords(cause));
    else explainEnd(errorWords(cause));
  });
  duet.on('kicked-out', ({ reason }) => {
    end(kickedWords(reason));
    explainEnd(kickedWords(reason));
  });
  duet.on('autoplay-failed', (blocked) => {
    blockedSound.value = blocked;
  });
  duet.on('first-video-frame', ({ userId: whose }) => {
    if (whose !== '' && whose !== userId.value) marks.firstRemoteFrame ??= performance.now();
  });
  duet.on('remote-user-enter', ({ userId: name }) => {
    if (!inside.value) return; // those who were there before are no news
    notices.info({ key: 'notice.entered', values: { name }, cause: `entered ${name}`, detail: '' });
  });
  duet.on('remote-user-exit', ({ userId: name, reason }) => {
    if (!inside.value) return;
    const key = (['notice.left', 'notice.timeout', 'notice.removed', 'notice.left'] as const)[reason];
    notices.info({ key, values: { name }, cause: `left ${name}`, detail: '' });
  });
  // Often for the level meter before the call; rarely within it, where each reading costs a getStats.
  watch(state, (now) => {
    const interval = now === 'ended' ? 0 : inside.value ? CALL_VOLUME_MS : PREVIEW_VOLUME_MS;
    duet.enableAudioVolumeEvaluation(interval);
  }, { immediate: true });
  watch(media.problem, (problem) => {
    if (problem) notices.error(problem);
    media.problem.value = null;
  });

  return {
    state, error, marks, config, userId, room, startedAt, durationMs, fillMode, blockedSound,
    inside, params, duet, media, members, chat, notices,
    loadConfig, enter, cancel, hangUp, reset, cycleFillMode, resumeSound,
  };
}

export type Call = ReturnType<typeof useCall>;
