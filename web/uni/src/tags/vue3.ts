/**
 * The tags as components of Vue 3. Vue itself is handed in, so that the app's copy is the only one.
 */

import type { Tag, TagSink } from './tag.js';
import { mountPlayer, mountPusher, PLAYER_EVENTS, PUSHER_EVENTS } from './tag.js';

export { createLivePlayerContext, createLivePusherContext } from './runtime.js';
export { downloadImage } from './download.js';
export { versioned, versionedSync } from './versions.js';

/** What is used of `vue`. */
interface Vue3 {
  defineComponent(options: object): unknown;
  h(...args: unknown[]): unknown;
  getCurrentInstance(): { vnode: { props: Record<string, unknown> | null } } | null;
  onMounted(run: () => void): void;
  onUpdated(run: () => void): void;
  onBeforeUnmount(run: () => void): void;
  onActivated(run: () => void): void;
  onDeactivated(run: () => void): void;
  shallowRef<T>(value: T): { value: T };
  watch(source: () => unknown, run: () => void, options?: object): void;
}

interface SetupContext {
  attrs: Record<string, unknown>;
  slots: { default?: () => unknown };
  emit(type: string, event: unknown): void;
}

type Mount = (root: HTMLElement, stage: HTMLElement, raw: Record<string, unknown>, sink: TagSink) => Tag;

function component(vue: Vue3, name: string, element: string, events: readonly string[], mount: Mount): unknown {
  return vue.defineComponent({
    name,
    inheritAttrs: false,
    emits: [...events],
    setup(_: object, { attrs, slots, emit }: SetupContext) {
      const instance = vue.getCurrentInstance();
      const root = vue.shallowRef<HTMLElement | null>(null);
      const stage = vue.shallowRef<HTMLElement | null>(null);
      let tag: Tag | null = null;
      const volume = (): void => tag?.wantVolume(typeof instance?.vnode.props?.['onAudiovolumenotify'] === 'function');
      vue.onMounted(() => {
        tag = mount(root.value!, stage.value!, { ...attrs }, (type, event) => emit(type, event));
        volume();
      });
      vue.onUpdated(() => {
        tag?.update({ ...attrs });
        volume();
      });
      // Pages that another one lies over are kept alive.
      vue.onActivated(() => tag?.setAway(false));
      vue.onDeactivated(() => tag?.setAway(true));
      vue.onBeforeUnmount(() => {
        tag?.destroy();
        tag = null;
      });
      return () => {
        // Reading all of them makes the component update with each.
        const { class: className, style, id } = { ...attrs };
        return vue.h(element, { ref: root, class: className, style, id }, [
          vue.h('div', { ref: stage, class: 'duet-uni-stage', key: 'stage' }),
          slots.default?.(),
        ]);
      };
    },
  });
}

/** `vue`: the app's `import * as Vue from 'vue'`. */
export function createTags(vue: unknown): { LivePusher: unknown; LivePlayer: unknown } {
  const v = vue as Vue3;
  return {
    LivePusher: component(v, 'LivePusher', 'uni-live-pusher', PUSHER_EVENTS, mountPusher),
    LivePlayer: component(v, 'LivePlayer', 'uni-live-player', PLAYER_EVENTS, mountPlayer),
  };
}
