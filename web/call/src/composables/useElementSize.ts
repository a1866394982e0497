import { onBeforeUnmount, onMounted, reactive } from 'vue';
import type { Ref } from 'vue';
import type { Size } from '../logic/layout.js';

/** The element's border box in CSS pixels, kept up to date. */
export function useElementSize(element: Readonly<Ref<HTMLElement | null>>): Size {
  const size = reactive<Size>({ width: 0, height: 0 });
  const measure = (): void => {
    size.width = element.value?.offsetWidth ?? 0;
    size.height = element.value?.offsetHeight ?? 0;
  };
  const observer = new ResizeObserver(measure);
  onMounted(() => {
    if (element.value) observer.observe(element.value, { box: 'border-box' });
    measure();
  });
  onBeforeUnmount(() => observer.disconnect());
  return size;
}
