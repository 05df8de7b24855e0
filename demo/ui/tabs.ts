import { type ComponentChildren, h } from 'preact';
import { useId, useRef } from 'preact/hooks';

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly title: string;
  readonly content: () => ComponentChildren;
}

interface TabsProps<Name extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly chosen: Name;
  readonly onChoose: (name: Name) => void;
}

/**
 * One of several panels at a time (the tabs pattern of the ARIA Authoring Practices): the arrow keys,
 * Home and End go from tab to tab. What is hidden is not built, and costs nothing.
 */
export function Tabs<Name extends string>({ label, tabs, chosen, onChoose }: TabsProps<Name>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const at = tabs.findIndex(({ name }) => name === chosen);
  const move = (event: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs.at(to % tabs.length);
    if (!next) return;
    event.preventDefault();
    onChoose(next.name);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
  };
  return h(
    'section',
    { class: 'panel tabs' },
    h(
      'div',
      { ref: list, role: 'tablist', 'aria-label': label, onKeyDown: move },
      tabs.map(({ name, title }) =>
        h(
          'button',
          {
            key: name,
            type: 'button',
            role: 'tab',
            id: `${id}-${name}-tab`,
            'data-tab': name,
            'aria-selected': name === chosen,
            'aria-controls': `${id}-panel`,
            tabIndex: name === chosen ? 0 : -1,
            onClick: () => onChoose(name),
          },
          title,
        ),
      ),
    ),
    h(
      'div',
      {
        key: chosen,
        role: 'tabpanel',
        id: `${id}-panel`,
        'aria-labelledby': `${id}-${chosen}-tab`,
        tabIndex: 0,
      },
      tabs[at]?.content(),
    ),
  );
}
