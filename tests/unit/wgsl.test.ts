import { describe, expect, test } from 'vitest';
import { LinkError, link } from '../../src/kernels/wgsl.ts';

const kernel = /* wgsl */ `
// A kernel in the shape that Ganvas's are.
const WIDTH: u32 = 64; // a slot
const SLOPE: f32 = 0.2;
const UNUSED = 1;
alias Element = f32;
struct Params { rows: u32, WIDTH_OF: vec2<u32> }

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> bias: array<Element>;
@group(0) @binding(2) var<storage, read_write> out: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;
var<workgroup> tile: array<f32, WIDTH>;

/* The default /* nested */ epilogue. */
fn epilogue(x: f32, i: u32) -> f32 { return x + bias[i]; }

@compute @workgroup_size(WIDTH, max(1, 1), 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x; // not a slot: }
  if (i < params.rows) { out[i] = epilogue(a[i], i) * SLOPE; }
}
`;

const names = (code: string): string[] =>
  [...code.matchAll(/^.*?\b(?:const|alias|struct|fn|var(?:<[^>]*>)?)\s+(\w+)/gm)].map((m) => m[1]!);

describe('link', () => {
  test('keeps what main reaches, in order, without comments', () => {
    const { code, bindings } = link(kernel, []);
    expect(code).not.toMatch(/\/\/|\/\*|nested|slot|\n\n/);
    expect(code).not.toContain('UNUSED');
    expect(code).not.toContain('tile');
    expect(code).toContain('  if (i < params.rows) { out[i] = epilogue(a[i], i) * SLOPE; }\n}');
    expect(bindings).toEqual([
      { name: 'a', binding: 0, kind: 'read' },
      { name: 'bias', binding: 1, kind: 'read' },
      { name: 'out', binding: 2, kind: 'read_write' },
      { name: 'params', binding: 3, kind: 'uniform' },
    ]);
  });

  test('is deterministic, and blind to comments and blank lines', () => {
    const commented = kernel.replaceAll(';', '; // why\n\n');
    expect(link(`/* other */\n\n${commented}`, []).code.replace(/\s+/g, ' ')).toBe(
      link(kernel, []).code.replace(/\s+/g, ' '),
    );
    expect(link(kernel.replaceAll('\n', ' // why\n\n'), [])).toEqual(link(kernel, []));
    expect(link(kernel.replaceAll('\n', '\r\n'), [])).toEqual(link(kernel, []));
  });

  test('an overlay replaces a slot in place; bindings that only the old one used go', () => {
    const { code, bindings } = link(kernel, ['fn epilogue(x: f32, i: u32) -> f32 { return x; }']);
    expect(bindings.map(({ name, binding }) => [name, binding])).toEqual([
      ['a', 0],
      ['out', 1],
      ['params', 2],
    ]);
    expect(code).toContain('@group(0) @binding(1) var<storage, read_write> out: array<Element>;');
    expect(names(code).slice(-2)).toEqual(['epilogue', 'main']);
  });

  test('an overlay appends what its slot needs, and the last overlay wins', () => {
    const scaled = `
      @group(0) @binding(0) var<storage, read> scale: array<f32>;
      fn twice(x: f32) -> f32 { return 2 * x; }
      fn epilogue(x: f32, i: u32) -> f32 { return twice(x) * scale[i]; }`;
    const { code, bindings } = link(kernel, ['fn epilogue(a: u32) {}', scaled]);
    expect(bindings.map(({ name }) => name)).toEqual(['a', 'out', 'params', 'scale']);
    expect(names(code).slice(-2)).toEqual(['scale', 'twice']);
  });

  test("an overlay's entry points are only its own", () => {
    const overlay = `
      @group(0) @binding(0) var<storage, read_write> probe: array<f32>;
      fn epilogue(x: f32, i: u32) -> f32 { return -x; }
      @compute @workgroup_size(1) fn main() { probe[0] = epilogue(1, 0); }
      @workgroup_size(1) @compute fn alone() { probe[0] = epilogue(1, 0); }`;
    const { code } = link(kernel, [overlay]);
    expect(code).not.toContain('probe');
    expect(code).not.toContain('alone');
    expect(code).toContain('return -x;');
  });

  test('a parameter, a member or an attribute does not keep a binding of its name', () => {
    const overlay = 'fn epilogue(bias: f32, i: u32) -> f32 { return bias + params.bias; }';
    expect(link(kernel, [overlay]).bindings.map(({ name }) => name)).toEqual([
      'a',
      'out',
      'params',
    ]);
  });

  test('merges directives at the top, once', () => {
    const { code } = link(`enable f16, subgroups;\n${kernel}`, [
      'diagnostic(off, derivative_uniformity); enable f16; requires packed_4x8_integer_dot_product;',
    ]);
    expect(code.split('\n').slice(0, 5)).toEqual([
      'enable f16;',
      'enable subgroups;',
      'diagnostic(off, derivative_uniformity);',
      'requires packed_4x8_integer_dot_product;',
      'const WIDTH: u32 = 64;',
    ]);
  });

  test('keeps the assertions about what is left', () => {
    const asserting = `${kernel}\nconst_assert WIDTH % 4 == 0;\nconst_assert(UNUSED == 1);`;
    expect(link(asserting, []).code).toMatch(/\nconst_assert WIDTH % 4 == 0;\n$/);
  });
});

describe('constants', () => {
  const declared = (declaration: string, value: number | string): string =>
    link(`${declaration} alias Real = f32; @compute @workgroup_size(1) fn main() { _ = X; }`, [], {
      X: value,
    }).code.split('\n')[0]!;

  test.each([
    ['const X: u32 = 1u;', 3, 'const X: u32 = 3u;'],
    ['const X: i32 = 1;', -2147483648, 'const X: i32 = -2147483648;'],
    ['const X: f32 = 1;', 2, 'const X: f32 = 2.0;'],
    ['const X: f32 = 1;', 1e-7, 'const X: f32 = 1e-7;'],
    ['const X: f32 = 1;', -0, 'const X: f32 = -0.0;'],
    ['const X: Real = 1;', 4, 'const X: Real = 4.0;'],
    ['const X: f16 = 1;', 4, 'const X: f16 = 4.0;'],
    ['const X: bool = false;', 1, 'const X: bool = true;'],
    ['const X: bool = false;', 'true', 'const X: bool = true;'],
    ['const X = 1;', 7, 'const X = 7;'],
    ['const X = 1u;', 7, 'const X = 7u;'],
    ['const X = 1i;', -7, 'const X = i32(-7);'],
    ['const X = 0.5;', 1, 'const X = 1.0;'],
    ['const X = 1f;', 3, 'const X = 3.0f;'],
    ['const X = 2 + 2;', 'vec2f(1, 2)', 'const X = vec2f(1, 2);'],
    ['alias X = f32;', 'vec4<f32>', 'alias X = vec4<f32>;'],
  ])('%s set to %s', (declaration, value, expected) => {
    expect(declared(declaration, value)).toBe(expected);
  });

  test.each([
    ['const X: u32 = 1;', -1],
    ['const X: u32 = 1;', 1.5],
    ['const X: i32 = 1;', 2 ** 31],
    ['const X: f32 = 1;', Number.NaN],
    ['const X: f32 = 1;', 1e39],
    ['const X: f16 = 1;', 7e4],
    ['const X: vec2f = vec2f();', 1],
    ['const X = vec2f();', 1],
    ['const X = 1;', 0.5],
    ['alias X = f32;', 1],
    ['fn X() {}', 1],
    ['var<private> X: u32;', 1],
  ])('%s cannot be %s', (declaration, value) => {
    expect(() => declared(declaration, value)).toThrow(LinkError);
  });

  test('one that an overlay declares can be set, and what it names is kept', () => {
    const overlay =
      'const GAIN: f32 = 1; const HALF = 0.5; fn epilogue(x: f32, i: u32) -> f32 { return GAIN; }';
    expect(link(kernel, [overlay], { GAIN: 'HALF' }).code).toContain('const HALF = 0.5;');
  });

  test('an unknown name is an error that lists those there are', () => {
    expect(() => link(kernel, [], { WIDHT: 3 })).toThrow(/WIDHT.*WIDTH/);
  });
});

describe('modules that cannot be linked', () => {
  const entry = '@compute @workgroup_size(1) fn main() {}';
  test.each([
    ['no main', 'fn main() {}', [], /no @compute function/],
    ['no main but in an overlay', 'fn f() {}', [entry], /no @compute function/],
    ['a comment that stays open', `${entry} /* /* */`, [], /not closed/],
    ['a brace too few', `${entry} fn f() {`, [], /ends within/],
    ['a brace too many', `${entry} }`, [], /not a WGSL declaration|ends within/],
    ['a semicolon too few', `${entry} const A = 1`, [], /ends within/],
    ['a name twice', `${entry} const A = 1; const A = 2;`, [], /A twice/],
    ['a statement', `${entry} x = 1;`, [], /not a WGSL declaration/],
    ['a slot of another kind', `const A = 1; ${entry}`, ['fn A() {}'], /cannot replace/],
    [
      'a texture',
      '@group(0) @binding(0) var t: texture_2d<f32>; @compute @workgroup_size(1) fn main() { _ = t; }',
      [],
      /neither a storage/,
    ],
  ])('%s', (_, base, overlays, message) => {
    expect(() => link(base, overlays)).toThrow(LinkError);
    expect(() => link(base, overlays)).toThrow(message);
  });
});
