// What was measured, in words and tables.
import type { AdapterInfo } from '../src/runtime/engine.ts';
import type { Comparison, Result } from './compare.node.ts';
import { type Ceilings, copyCeiling, matmulCeiling, type Profile } from './protocol.ts';
import { type Sweep, scalingBase } from './scaling.node.ts';
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
    `Profile of ${name}: ` +
    `${p.dispatches?.length ?? '?'} dispatches, ${p.copies} copies, ${p.pipelines} pipelines, ` +
    `ready in ${short(p.createMs)} ms, ${short(p.stepMs)} ms a step`;
  if (!p.dispatches) return `${summary}; this device has no timestamps to time dispatches by.`;
  const total = p.dispatches.reduce((sum, d) => sum + d.ms, 0);
  const rows = p.dispatches.map((d, i) => [
    `${i} ${d.label}`,
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
    table(['dispatch', 'ms', 'share', 'rate', 'of ceiling'], rows),
    '',
    table(['kernel', 'dispatches', 'ms', 'share', 'rate', 'of ceiling'], sums),
  ].join('\n');
}

const MIB = 2 ** 20;

/** One column a contestant. */
export function comparisonText({ model, flops, results, failed }: Comparison): string {
  const { name, description, batchSize, channels, imageSize, width, latentDim } = model;
  const title =
    `Model ${name}: ${description}; ${channels}×${imageSize}×${imageSize}, latent ${latentDim}, ` +
    `width ${width}, batch ${batchSize}; ${short(flops / 1e9)} GFLOP of useful work a step`;
  // WebGL has neither submits nor bind groups.
  const webgpu = (r: Result, n: number | undefined) => (r.submits === 0 ? '–' : short(n));
  const rows: [string, (r: Result) => string][] = [
    ['ms a step, median', (r) => short(r.ms.median)],
    ['  min – max', (r) => `${short(r.ms.min)} – ${short(r.ms.max)}`],
    ['useful GFLOP/s', (r) => short(r.gflops)],
    ['  of the matmul ceiling', (r) => (r.shareOfCeiling ? percent(r.shareOfCeiling) : '–')],
    ["times the fastest peer's speed", (r) => short(r.timesFastestPeer)],
    ['dispatches (WebGL: draws) a step', (r) => short(r.dispatches)],
    ['submits a step', (r) => webgpu(r, r.submits)],
    ['bind groups made a step', (r) => webgpu(r, r.bindGroups)],
    ['buffers (WebGL: textures) made a step', (r) => short(r.buffers)],
    ['pipelines made a step', (r) => short(r.pipelines)],
    ['GPU memory, peak MiB', (r) => short(r.peakBytes && r.peakBytes / MIB)],
    ['first step, s', (r) => short(r.firstStepMs / 1000)],
    ['  pipelines made', (r) => short(r.pipelinesOfFirstStep)],
    ['host encoding, ms a step', (r) => webgpu(r, r.encodeMs)],
    ['processor seconds a step', (r) => short(r.cpuSeconds)],
    [
      'same work: difference of losses',
      (r) => (r.check.reference === r.name ? 'reference' : r.check.lossDifference.toExponential(1)),
    ],
    [
      '  of how far weights move',
      (r) => (r.check.reference === r.name ? '' : r.check.changeDifference.toExponential(1)),
    ],
    ['  the same', (r) => (r.check.same ? 'yes' : 'NO')],
  ];
  return [
    title,
    table(
      ['', ...results.map((r) => r.name)],
      rows.map(([label, cell]) => [label, ...results.map(cell)]),
    ),
    ...failed.map((f) => `${f.name} failed: ${f.error}`),
  ].join('\n');
}

export function scalingText(sweeps: readonly Sweep[]): string {
  return sweeps
    .map(({ over, rows, exponent }) =>
      [
        `Scaling by ${over} (${scalingBase}): time grows with the work to the power of ${exponent.toFixed(2)}`,
        table(
          ['batch', 'size', 'GFLOP', 'ms', 'GFLOP/s', 'peak MiB'],
          rows.map((r) => [
            String(r.batchSize),
            String(r.imageSize),
            short(r.flops / 1e9),
            short(r.ms),
            short(r.flops / r.ms / 1e6),
            short(r.peakBytes && r.peakBytes / MIB),
          ]),
        ),
      ].join('\n'),
    )
    .join('\n\n');
}
