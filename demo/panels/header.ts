import { h } from 'preact';
import { adapter, phase } from '../state.ts';

export function Header() {
  return h(
    'header',
    { class: 'header' },
    h(
      'svg',
      { class: 'logo', viewBox: '0 0 16 16', 'aria-hidden': true },
      h('path', { class: 'logo-d', d: 'M0 0h7v7H0zM9 9h7v7H9z' }),
      h('path', { class: 'logo-g', d: 'M9 0h7v7H9zM0 9h7v7H0z' }),
    ),
    h(
      'div',
      { class: 'titles' },
      h('h1', null, 'Ganvas'),
      h('p', null, 'Two networks teach each other to draw, on your GPU, in this tab.'),
    ),
    h(Adapter, {}),
  );
}

function Adapter() {
  const found = adapter.value;
  const missing = phase.value === 'unavailable' ? 'none' : 'looking…';
  return h(
    'dl',
    { class: 'adapter' },
    h('dt', null, 'Adapter'),
    h('dd', { class: 'adapter-name' }, found?.name ?? missing),
    found && h('dd', { class: 'tag' }, found.software ? 'software' : 'GPU'),
  );
}
