import { effect } from '@preact/signals';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { chooseLanguage, type Language, language, languages } from '../i18n.ts';
import { adapter, phase } from '../state.ts';
import { headerText } from './header.text.ts';

export function Header() {
  useEffect(
    () =>
      effect(() => {
        document.title = headerText().title;
      }),
    [],
  );
  return h(
    'header',
    { class: 'header' },
    h(
      'svg',
      { class: 'logo', viewBox: '0 0 16 16', 'aria-hidden': true },
      h('path', { class: 'logo-d', d: 'M0 0h7v7H0zM9 9h7v7H9z' }),
      h('path', { class: 'logo-g', d: 'M9 0h7v7H9zM0 9h7v7H0z' }),
    ),
    h('div', { class: 'titles' }, h('h1', null, 'Ganvas'), h('p', null, headerText().tagline)),
    h(Adapter, {}),
    h(LanguageChoice, {}),
  );
}

function Adapter() {
  const text = headerText();
  const found = adapter.value;
  const missing = phase.value === 'unavailable' ? text.none : text.looking;
  return h(
    'dl',
    { class: 'adapter' },
    h('dt', null, text.adapter),
    h('dd', { class: 'adapter-name' }, found ? found.name || text.unnamed : missing),
    found && h('dd', { class: 'tag' }, found.software ? text.software : 'GPU'),
  );
}

/** Each language by its own name, for those who read no other. */
function LanguageChoice() {
  return h(
    'select',
    {
      class: 'language',
      'aria-label': headerText().language,
      value: language.value,
      onChange: (event: { currentTarget: HTMLSelectElement }) =>
        chooseLanguage(event.currentTarget.value as Language),
    },
    Object.entries(languages).map(([value, name]) =>
      h('option', { key: value, value, lang: value }, name),
    ),
  );
}
