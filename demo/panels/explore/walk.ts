import { computed, signal } from '@preact/signals';
import { h } from 'preact';
import { means } from '../../explore.ts';
import { inPlane, planeGrid } from '../../latents.ts';
import { latents } from '../../state.ts';
import { Slider } from '../../ui/slider.ts';
import { LatentCanvas } from './latent-canvas.ts';
import { Missing } from './missing.ts';
import { walkText } from './walk.text.ts';

/** Pictures of the map in a row. */
const SIDE = 5;
/** The plane's places, in hundredths of the way from A. */
const PLACES = 100;
/** Of an arrow key. */
const STRIDE = 4;

interface Place {
  readonly toB: number;
  readonly toC: number;
}

const place = signal<Place>({ toB: PLACES / 2, toC: PLACES / 2 });

const corners = computed(() => {
  const { A, B, C } = means.value;
  return A && B && C && ([A, B, C] as const);
});
const map = computed(
  () => corners.value && latents.value && planeGrid(corners.value, SIDE, latents.value.law),
);
const one = computed(() => {
  const { toB, toC } = place.value;
  const at = [toB / PLACES, toC / PLACES] as const;
  return corners.value && latents.value && inPlane(corners.value, at, latents.value.law);
});

const within = (value: number) => Math.min(PLACES, Math.max(0, Math.round(value)));

function go({ toB = place.value.toB, toC = place.value.toC }: Partial<Place>): void {
  const to = { toB: within(toB), toC: within(toC) };
  if (to.toB !== place.value.toB || to.toC !== place.value.toC) place.value = to;
}

/** A walk over the plane through three samples. */
export function Walk() {
  const text = walkText();
  if (!map.value || !one.value) return h(Missing, { needed: ['A', 'B', 'C'] });
  const { toB, toC } = place.value;
  return h(
    'div',
    { class: 'tool' },
    h('p', { class: 'hint' }, latents.value?.law === 'normal' ? text.arc : text.line),
    h(
      'div',
      { class: 'walk' },
      h(PlaneMap, { latents: map.value }),
      h(LatentCanvas, {
        ...{ count: 1, columns: 1, gap: 0, name: 'walked' },
        latents: one.value,
        label: text.one,
      }),
    ),
    h('p', { class: 'hint' }, text.how),
    h(Slider, {
      ...{ label: text.toB, max: PLACES, value: toB, said: text.share(toB) },
      onChoose: (value) => go({ toB: value }),
    }),
    h(Slider, {
      ...{ label: text.toC, max: PLACES, value: toC, said: text.share(toC) },
      onChoose: (value) => go({ toC: value }),
    }),
  );
}

/** Where a share of the way is on the map: from the middle of its first picture to that of its last. */
const onMap = (value: number) => `${(100 * (0.5 + (value / PLACES) * (SIDE - 1))) / SIDE}%`;

function PlaneMap({ latents }: { readonly latents: Float32Array }) {
  const text = walkText();
  const { toB, toC } = place.value;
  const follow = (event: PointerEvent) => {
    const { left, top, width, height } = (
      event.currentTarget as HTMLElement
    ).getBoundingClientRect();
    const share = (at: number) => (PLACES * (at * SIDE - 0.5)) / (SIDE - 1);
    go({
      toB: share((event.clientX - left) / width),
      toC: share((event.clientY - top) / height),
    });
  };
  const press = (event: KeyboardEvent) => {
    const by = {
      ArrowLeft: { toB: toB - STRIDE },
      ArrowRight: { toB: toB + STRIDE },
      ArrowUp: { toC: toC - STRIDE },
      ArrowDown: { toC: toC + STRIDE },
    }[event.key];
    if (!by) return;
    event.preventDefault();
    go(by);
  };
  return h(
    'div',
    {
      class: 'map',
      role: 'application',
      'aria-label': text.map,
      tabIndex: 0,
      onPointerDown: follow,
      onPointerMove: follow,
      onKeyDown: press,
    },
    h(LatentCanvas, {
      ...{ count: SIDE * SIDE, columns: SIDE, gap: 2, name: 'map', latents },
      label: text.mapPicture,
    }),
    h('span', { class: 'here', style: { left: onMap(toB), top: onMap(toC) } }),
    h('strong', { class: 'badge map-a', 'aria-hidden': true }, 'A'),
    h('strong', { class: 'badge map-b', 'aria-hidden': true }, 'B'),
    h('strong', { class: 'badge map-c', 'aria-hidden': true }, 'C'),
  );
}
