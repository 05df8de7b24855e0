import { signal } from '@preact/signals';
import { h } from 'preact';
import { Tabs } from '../ui/tabs.ts';
import { Charts } from './charts.ts';
import { Keep } from './keep.ts';
import { sideText } from './side.text.ts';
import { Tour } from './tour.ts';

const chosen = signal<'progress' | 'tour' | 'keep'>('progress');

/** What there is to see and do beside the samples, one at a time. */
export function Side() {
  const text = sideText();
  return h(Tabs<typeof chosen.value>, {
    label: text.label,
    tabs: [
      { name: 'progress', title: text.progress, content: () => h(Charts, {}) },
      { name: 'tour', title: text.tour, content: () => h(Tour, {}) },
      { name: 'keep', title: text.keep, content: () => h(Keep, {}) },
    ],
    chosen: chosen.value,
    onChoose: (name) => {
      chosen.value = name;
    },
  });
}
