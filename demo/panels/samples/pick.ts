import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { letters, pick, setCorner } from '../../explore.ts';
import { columnsOf, GAP, sideOf } from '../../grid.ts';
import { corners, latents, picked, seenGrid, side } from '../../state.ts';
import { Button } from '../../ui/button.ts';
import { pickText } from './pick.text.ts';

/**
 * Over the canvas of samples: each can be clicked, and reached with the arrow keys (the listbox
 * pattern of the ARIA Authoring Practices, with one stop for the Tab key).
 */
export function Picker() {
  const list = useRef<HTMLDivElement>(null);
  const [reached, setReached] = useState(0);
  if (!latents.value) return null;
  const { count } = seenGrid.value;
  const columns = columnsOf(count);
  const at = Math.min(reached, count - 1);
  const chosen = picked.value?.index;
  const go = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      pick(at);
      return;
    }
    const to = destination(event.key, at, count, columns);
    if (to === undefined) return;
    event.preventDefault();
    setReached(to);
    list.current?.querySelectorAll<HTMLElement>('[role=option]')[to]?.focus();
  };
  // Cells meet in the middle of the gaps: half a gap of the outer one is no cell's.
  const edge = `${(100 * GAP) / 2 / sideOf(seenGrid.value)}%`;
  return h(
    'div',
    {
      ref: list,
      class: 'picker',
      role: 'listbox',
      'aria-label': pickText().grid,
      style: {
        inset: edge,
        gridTemplateColumns: `repeat(${columns}, 1fr)`,
        gridTemplateRows: `repeat(${columns}, 1fr)`,
      },
      onKeyDown: go,
    },
    Array.from({ length: count }, (_, index) =>
      h(Place, {
        key: index,
        index,
        count,
        chosen: index === chosen,
        reached: index === at,
        onPick: () => {
          setReached(index);
          pick(index);
        },
      }),
    ),
  );
}

interface PlaceProps {
  readonly index: number;
  readonly count: number;
  readonly chosen: boolean;
  readonly reached: boolean;
  readonly onPick: () => void;
}

function Place({ index, count, chosen, reached, onPick }: PlaceProps) {
  const text = pickText();
  // Elsewhere the letters mean nothing.
  const own =
    side.value === 'explore'
      ? letters.filter((letter) => corners.value[letter].includes(index)).join(' ')
      : '';
  const name = text.sample(index + 1, count);
  return h(
    'div',
    {
      role: 'option',
      'aria-label': own ? text.within(name, own) : name,
      'aria-selected': chosen,
      tabIndex: reached ? 0 : -1,
      onClick: onPick,
    },
    own && h('span', { class: 'badge' }, own),
  );
}

/** Where a key leads from a place in the grid. */
function destination(key: string, at: number, count: number, columns: number): number | undefined {
  const to = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: count - 1,
  }[key];
  if (to === undefined) return undefined;
  return to >= 0 && to < count ? to : at;
}

/** What can be done with the sample that is picked. */
export function PickedBar() {
  const text = pickText();
  if (!latents.value) return null;
  const index = picked.value?.index;
  if (index === undefined) return h('p', { class: 'hint picked-bar' }, text.invitation);
  return h(
    'div',
    { class: 'picked-bar' },
    h('strong', { role: 'status' }, text.picked(index + 1)),
    side.value === 'explore' &&
      h(
        'span',
        { class: 'take' },
        h('span', { class: 'hint' }, text.take),
        letters.map((letter) =>
          h(
            Button,
            { key: letter, label: text.takeAs(letter), onPress: () => setCorner(letter, index) },
            letter,
          ),
        ),
      ),
    h(
      'span',
      { class: 'to-explore' },
      h(
        Button,
        { onPress: () => document.querySelector('.tabs')?.scrollIntoView({ block: 'start' }) },
        text.explore,
      ),
    ),
  );
}
