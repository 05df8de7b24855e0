import { h } from 'preact';
import type { GpuMemory } from '../../../src/index.ts';
import type { MachineFacts } from '../../engine/machine-protocol.ts';
import { count, figure } from '../../format.ts';
import { machineFacts } from '../../state.ts';
import { memoryText } from './memory.text.ts';

/** What the run holds and does on the GPU, and what the adapter would allow. */
export function MachineMemory() {
  const facts = machineFacts.value;
  if (!facts) return null;
  const text = memoryText();
  return h(
    'section',
    { 'aria-labelledby': 'machine-memory', class: 'memory' },
    h('h3', { id: 'machine-memory' }, text.title),
    facts.run ? h(RunMemory, { run: facts.run }) : h('p', { class: 'hint' }, text.trainFirst),
    h(Limits, { facts }),
  );
}

function RunMemory({ run }: { readonly run: NonNullable<MachineFacts['run']> }) {
  const text = memoryText();
  const kinds = Object.entries(run.kinds) as [keyof GpuMemory, number][];
  const most = Math.max(...kinds.map(([, bytes]) => bytes));
  return [
    h(
      'p',
      { class: 'tabular' },
      text.total(sizeText(run.bytes), count(run.buffers), sizeText(run.peakBytes)),
    ),
    h(
      'dl',
      { class: 'memory-kinds' },
      kinds
        .filter(([, bytes]) => bytes > 0)
        .map(([kind, bytes]) =>
          h(
            'div',
            { key: kind, style: { '--share': `${(100 * bytes) / most}%` } },
            h(
              'dt',
              null,
              text.kinds[kind],
              text.hints[kind] && h('span', { class: 'hint' }, ` ${text.hints[kind]}`),
            ),
            h('dd', null, sizeText(bytes)),
          ),
        ),
    ),
    h('h4', null, text.step),
    h(
      'dl',
      null,
      row(text.work.dispatches, count(run.dispatches)),
      row(text.work.pipelines, count(run.pipelines)),
      row(text.work.submits, count(run.submits)),
      row(text.work.flops, `${figure(run.flops / 1e9)} GFLOP`),
    ),
  ];
}

const row = (name: string, value: string) =>
  h('div', { key: name, class: 'estimate-row' }, h('dt', null, name), h('dd', null, value));

function Limits({ facts: { limits, features } }: { readonly facts: MachineFacts }) {
  const text = memoryText();
  const names = features.map((feature) => text.featureNames[feature] ?? feature);
  const rows = [
    [text.limitNames.buffer, sizeText(limits.buffer)],
    [text.limitNames.binding, sizeText(limits.binding)],
    [text.limitNames.buffers, count(limits.buffers)],
    [text.limitNames.invocations, count(limits.invocations)],
    [text.limitNames.workgroupBytes, sizeText(limits.workgroupBytes)],
    [text.features, names.join(', ') || text.noFeatures],
  ] as const;
  return h(
    'details',
    null,
    h('summary', null, text.limits),
    h(
      'dl',
      null,
      rows.map(([name, value]) => row(name, value)),
    ),
  );
}

/** Bytes in the unit that fits. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(3, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  return `${figure(bytes / 1000 ** power)} ${units[power]}`;
}
