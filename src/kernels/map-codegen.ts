import functions from '../../shaders/elementwise_functions.wgsl?raw';
import type { Tensor } from '../graph/graph.ts';
import type { MapArg, MapOperand, MapProgram } from '../graph/map.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { elementwiseTable, literal } from '../ops/elementwise.ts';

/** Vector width of a kernel's results: how many neighbouring elements one value of type `V` holds. */
export type Width = 1 | 4;

/** WGSL that replaces a slot, and the tensors that its own bindings are given. */
export interface MapOverlay {
  readonly overlay: readonly string[];
  readonly buffers: Readonly<Record<string, Tensor>>;
}

/** The widest vector that a map over an output of `shape` can work on. */
export function mapWidth(map: MapProgram, shape: Shape): Width {
  const wide = map.operands.every(({ access }) => {
    if (access.kind === 'cyclic') return access.period % 4 === 0;
    return access.kind !== 'strided';
  });
  return wide && sizeOf(shape) % 4 === 0 ? 4 : 1;
}

const isVector = ({ access }: MapOperand): boolean =>
  access.kind === 'same' || access.kind === 'cyclic';

/** Statements that put the element which output `i` needs into `name`, 0 where it lies outside. */
function stridedLoad(name: string, buffer: string, operand: MapOperand): string[] {
  if (operand.access.kind !== 'strided') return [];
  const { shape, access } = operand.access;
  const lines = [
    `var ${name} = V(0.0);`,
    '{',
    'var rest = i;',
    `var at = ${access.offset}i;`,
    'var inside = true;',
  ];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis];
    // One coordinate, which no padding can be at.
    if (n === 1) continue;
    lines.push(`let c${axis} = i32(rest % ${n}u);`, `rest = rest / ${n}u;`);
    if (access.strides[axis] !== 0) lines.push(`at += c${axis} * ${access.strides[axis]}i;`);
    if (access.low[axis] > 0) lines.push(`inside = inside && c${axis} >= ${access.low[axis]}i;`);
    if (access.high[axis] < n) lines.push(`inside = inside && c${axis} < ${access.high[axis]}i;`);
  }
  return [...lines, `if (inside) { ${name} = V(${buffer}[at]); }`, '}'];
}

/**
 * A map as WGSL: the function `fn NAME(v: V, i: u32) -> V` that fills a kernel's slot, with bindings of
 * its own. `i` counts elements of `V`. `overwritten` is an operand that lies where the result goes: it
 * is read from the binding `result`.
 */
export function mapOverlay(
  map: MapProgram,
  width: Width,
  { name = 'map', overwritten }: { name?: string; overwritten?: Tensor } = {},
): MapOverlay {
  const buffers: Record<string, Tensor> = {};
  const declarations: string[] = [];
  const body: string[] = [];
  // A tensor is bound once, however many ways it is read: in vectors if one of them wants vectors.
  const vectors = new Set(map.operands.filter(isVector).map((o) => o.tensor));
  const bind = ({ tensor }: MapOperand): string => {
    if (tensor === overwritten) return 'result';
    const names = Object.keys(buffers);
    const known = names.find((b) => buffers[b] === tensor);
    if (known) return known;
    const binding = `${name}${names.length}`;
    buffers[binding] = tensor;
    const type = vectors.has(tensor) ? 'V' : 'f32';
    declarations.push(
      `@group(0) @binding(${names.length}) var<storage, read> ${binding}: array<${type}>;`,
    );
    return binding;
  };
  const operands = map.operands.map((operand, k): string => {
    const buffer = bind(operand);
    const { access, tensor } = operand;
    const first = width === 4 && vectors.has(tensor) ? '[0].x' : '[0]';
    if (access.kind === 'strided') body.push(...stridedLoad(`o${k}`, buffer, operand));
    else if (access.kind === 'scalar') body.push(`let o${k} = V(${buffer}${first});`);
    else if (access.kind === 'same') body.push(`let o${k} = ${buffer}[i];`);
    else body.push(`let o${k} = ${buffer}[i % ${access.period / width}u];`);
    return `o${k}`;
  });
  const argument = (arg: MapArg): string => {
    switch (arg.kind) {
      case 'kernel':
        return 'v';
      case 'operand':
        return operands[arg.index];
      case 'instruction':
        return `t${arg.index}`;
      case 'number':
        return literal(arg.value);
    }
  };
  map.instructions.forEach(({ op, args, attrs }, k) => {
    // Not `let`: of numbers alone the compiler makes a constant, and refuses one that is not finite.
    const texts = args.map(argument);
    const first = args.every((a) => a.kind === 'number') ? `n${k}` : texts[0];
    if (first !== texts[0]) body.push(`var ${first} = ${texts[0]};`);
    body.push(`let t${k} = ${elementwiseTable[op].wgsl([first, ...texts.slice(1)], attrs)};`);
  });
  const header = `fn ${name}(v: V, i: u32) -> V {`;
  const text = [
    'alias V = f32;',
    ...declarations,
    header,
    ...body,
    `return ${argument(map.result)};`,
    '}',
  ];
  return { overlay: [functions, text.join('\n')], buffers };
}
