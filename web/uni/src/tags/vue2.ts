/** The tags for a Vue 2 project of uni-app: install() before the app is made. */

import type { CompatibilityOptions } from './compat-vue2.js';
import { installCompatibility } from './compat-vue2.js';
import { createLivePlayerContext, createLivePusherContext } from './runtime.js';
import type { Tag, TagSink } from './tag.js';
import { mountPlayer, mountPusher } from './tag.js';

/** What is used of a Vue 2 component instance. */
interface Instance {
  $attrs: Record<string, unknown>;
  $listeners: Record<string, unknown>;
  $slots: { default?: unknown };
  $refs: { stage: HTMLElement };
  $el: HTMLElement;
  $emit(type: string, event: unknown): void;
  duetTag?: Tag | null;
}

interface Vue2 {
  component(name: string, options: object): void;
}

type Mount = (root: HTMLElement, stage: HTMLElement, raw: Record<string, unknown>, sink: TagSink) => Tag;
type CreateElement = (...args: unknown[]) => unknown;

function component(name: string, element: string, mount: Mount): object {
  const volume = (vm: Instance): void => vm.duetTag?.wantVolume(vm.$listeners['audiovolumenotify'] !== undefined);
  return {
    name,
    inheritAttrs: false,
    mounted(this: Instance) {
      this.duetTag = mount(this.$el, this.$refs.stage, { ...this.$attrs }, (type, event) => this.$emit(type, event));
      volume(this);
    },
    updated(this: Instance) {
      this.duetTag?.update({ ...this.$attrs });
      volume(this);
    },
    // Pages that another one lies over are kept alive.
    activated(this: Instance) {
      this.duetTag?.setAway(false);
    },
    deactivated(this: Instance) {
      this.duetTag?.setAway(true);
    },
    beforeDestroy(this: Instance) {
      this.duetTag?.destroy();
      this.duetTag = null;
    },
    render(this: Instance, h: CreateElement) {
      // Reading all of them makes the component update with each.
      const { id } = { ...this.$attrs };
      return h(element, { attrs: id === undefined ? {} : { id } }, [
        h('div', { ref: 'stage', staticClass: 'duet-uni-stage', key: 'stage' }),
        this.$slots.default,
      ]);
    },
  };
}

/** `uni`: the app's global. Every part of the compatibility layer can be switched off. */
export function install(vue: unknown, uni: object, compatibility: CompatibilityOptions = {}): void {
  const Vue = vue as Vue2;
  Vue.component('VUniLivePusher', component('LivePusher', 'uni-live-pusher', mountPusher));
  Vue.component('VUniLivePlayer', component('LivePlayer', 'uni-live-player', mountPlayer));
  Object.assign(uni, { createLivePusherContext, createLivePlayerContext });
  installCompatibility(vue, uni, compatibility);
}
