import { h } from 'preact';
import { type SideTab, side } from '../state.ts';
import { Tabs } from '../ui/tabs.ts';
import { Explore } from './explore/explore.ts';
import { Keep } from './keep.ts';
import { Machine } from './machine/machine.ts';
import { Charts } from './progress/charts.ts';
import { sideText } from './side.text.ts';
import { Tour } from './tour.ts';

/** What there is to see and do beside the samples, one at a time. */
export function Side() {
  const text = sideText();
  return h(Tabs<SideTab>, {
    label: text.label,
    tabs: [
      { name: 'progress', title: text.progress, content: () => h(Charts, {}) },
      { name: 'explore', title: text.explore, content: () => h(Explore, {}) },
      { name: 'machine', title: text.machine, content: () => h(Machine, {}) },
      { name: 'tour', title: text.tour, content: () => h(Tour, {}) },
      { name: 'keep', title: text.keep, content: () => h(Keep, {}) },
    ],
    chosen: side.value,
    onChoose: (name) => {
      side.value = name;
    },
  });
}
