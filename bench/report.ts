// What was measured, in words and tables.
import type { AdapterInfo } from '../src/runtime/engine.ts';
import { type Ceilings, copyCeiling, matmulCeiling, type Profile } from './protocol.ts';
import { percent, short, table } from './text.ts';

export function describeAdapter(adapter: AdapterInfo): string {
  const { vendor, architecture, description, software } = adapter;
  const name = [vendor, architecture, description].filter(Boolean).join(', ') || 'unnamed adapter';
  return `${name} (${software ? 'software' : 'GPU'})`;
}

export function ceilingsText(c: Ceilings): string {
  const best = (values: readonly number[], n: number) => (n === Math.max(...values) ? ' ←' : '');
  const matmuls = c.matmul.map((m) => m.gflops);
  const copies = c.copy.map((m) => m.gbs);
  return [
    'Ceilings',
    table(
      ['what', 'form', 'measured'],
      [
        ...c.matmul.map((m) => [
          'matmul 1024³',
          m.form,
          `${short(m.gflops)} GFLOP/s${best(matmuls, m.gflops)}`,
        ]),
        ...c.copy.map((m) => ['copy 64 MiB', m.form, `${short(m.gbs)} GB/s${best(copies, m.gbs)}`]),
        ['copy 64 MiB', 'copyBufferToBuffer', `${short(c.bufferCopyGbs)} GB/s`],
        ['dispatch', 'pipeline and bind group switched', `${short(c.dispatchUs)} µs`],
      ],
      ['form', 'measured'],
    ),
  ].join('\n');
}

/** Work, and its rate as a share of what limits it. */
function rate(
  { flops, bytes, ms }: { flops: number; bytes: number; ms: number },
  ceilings: Ceilings | undefined,
): readonly [rate: string, share: string] {
  const perSecond = (flops > 0 ? flops : bytes) / ms / 1e6;
  const ceiling = ceilings && (flops > 0 ? matmulCeiling(ceilings) : copyCeiling(ceilings));
  return [
    `${short(perSecond)} ${flops > 0 ? 'GFLOP/s' : 'GB/s'}`,
    ceiling ? percent(perSecond / ceiling) : '–',
  ];
}

/** The kernel that a label begins with, and which of its dispatches it is. */
function kernelOf(label: string): string {
  const words = label.split(' ');
  const end = words.findIndex((word) => !/^[a-zA-Z][\w·]+$/.test(word));
  const part = /, (sums?)\b[^,]*$/.exec(label);
  return words.slice(0, end < 0 ? words.length : end).join(' ') + (part ? `, ${part[1]}` : '');
}

export function profileText(name: string, p: Profile, ceilings: Ceilings | undefined): string {
  const summary =
    `Profile of ${name} on ${describeAdapter(p.adapter)}: ` +
    `${p.dispatches?.length ?? '?'} dispatches, ${p.copies} copies, ${p.pipelines} pipelines, ` +
    `planned and compiled in ${short(p.compileMs)} ms, ${short(p.stepMs)} ms a step`;
  if (!p.dispatches) return `${summary}; this device has no timestamps to time dispatches by.`;
  const total = p.dispatches.reduce((sum, d) => sum + d.ms, 0);
  const rows = p.dispatches.map((d, i) => [
    `${i} ${d.label}`,
    d.grid.join('×'),
    short(d.ms),
    percent(d.ms / total),
    ...rate(d, ceilings),
  ]);
  const byKernel = new Map<string, { count: number; ms: number; flops: number; bytes: number }>();
  for (const { label, ms, flops, bytes } of p.dispatches) {
    const sum = byKernel.get(kernelOf(label)) ?? { count: 0, ms: 0, flops: 0, bytes: 0 };
    sum.count++;
    sum.ms += ms;
    sum.flops += flops;
    sum.bytes += bytes;
    byKernel.set(kernelOf(label), sum);
  }
  const sums = [...byKernel]
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([kernel, sum]) => [
      kernel,
      String(sum.count),
      short(sum.ms),
      percent(sum.ms / total),
      ...rate(sum, ceilings),
    ]);
  return [
    summary,
    `By timestamp queries with one pass a dispatch, which makes a step ${short(p.profiledStepMs)} ms; ` +
      `the dispatches add up to ${short(total)} ms. Medians. Bytes are those of all bindings, each once.`,
    '',
    table(['dispatch', 'grid', 'ms', 'share', 'rate', 'of ceiling'], rows),
    '',
    table(['kernel', 'dispatches', 'ms', 'share', 'rate', 'of ceiling'], sums),
  ].join('\n');
}
