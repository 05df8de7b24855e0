import { signal } from '@preact/signals';
import { type ComponentChildren, h } from 'preact';
import { Button } from '../ui/button.ts';
import { tourText } from './tour.text.ts';

type Step = keyof ReturnType<typeof tourText>['steps'];

const steps: readonly Step[] = ['generator', 'discriminator', 'game', 'balance', 'try'];

const at = signal(0);

/** What the two networks do, in plain words beside the live pictures. */
export function Tour() {
  const text = tourText();
  const step = steps[at.value] ?? 'generator';
  const { title, text: words, legend } = text.steps[step];
  const equation = equations[step];
  const go = (by: number) => () => {
    at.value = Math.min(steps.length - 1, Math.max(0, at.value + by));
  };
  return h(
    'div',
    { class: 'tour' },
    // Read out when it changes: the buttons that change it keep the focus.
    h(
      'div',
      { 'aria-live': 'polite', class: 'tour-step' },
      h('p', { class: 'hint' }, text.of(at.value + 1, steps.length)),
      h('h3', null, title),
      h('p', null, words),
    ),
    equation &&
      h(
        'details',
        { key: step },
        h('summary', null, text.equation),
        equation(),
        h('p', null, legend),
      ),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { inactive: at.value === 0, onPress: go(-1) }, text.back),
      h(Button, { inactive: at.value === steps.length - 1, onPress: go(1) }, text.next),
    ),
  );
}

// MathML, which every browser with WebGPU draws and screen readers read.
const i = (name: string) => h('mi', null, name);
const o = (sign: string) => h('mo', null, sign);
const row = (...parts: ComponentChildren[]) => h('mrow', null, ...parts);
const of = (name: string, ...argument: ComponentChildren[]) =>
  row(i(name), o('('), ...argument, o(')'));
const sub = (base: ComponentChildren, below: ComponentChildren) => h('msub', null, base, below);
const math = (...parts: ComponentChildren[]) => h('math', { display: 'block' }, ...parts);

const mean = (variable: string, ...what: ComponentChildren[]) =>
  row(sub(i('E'), i(variable)), o('['), ...what, o(']'));
const value = () =>
  row(
    mean('x', i('log'), of('D', i('x'))),
    o('+'),
    mean('z', i('log'), o('('), h('mn', null, '1'), o('−'), of('D', of('G', i('z'))), o(')')),
  );

const equations: Record<Step, (() => ComponentChildren) | undefined> = {
  generator: () => math(i('x'), o('='), of('G', i('z'))),
  discriminator: () => math(value()),
  game: () =>
    math(h('munder', null, o('min'), i('G')), h('munder', null, o('max'), i('D')), value()),
  balance: () =>
    math(
      h('msup', null, i('D'), o('*')),
      o('('),
      i('x'),
      o(')'),
      o('='),
      h(
        'mfrac',
        null,
        row(sub(i('p'), i('data')), o('('), i('x'), o(')')),
        row(
          sub(i('p'), i('data')),
          o('('),
          i('x'),
          o(')'),
          o('+'),
          sub(i('p'), i('G')),
          o('('),
          i('x'),
          o(')'),
        ),
      ),
    ),
  try: undefined,
};
