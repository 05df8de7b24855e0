import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minifyWgsl, tokensOf } from '../../shaders/minify.node.ts';
import { link } from '../../src/kernels/wgsl.ts';

const folder = join(import.meta.dirname, '..', '..', 'shaders');
const shaders = readdirSync(folder)
  .filter((name) => name.endsWith('.wgsl'))
  .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);

test.each([
  ['comments part tokens', 'let/* a */x = 1; // b\nlet y = 2;', 'let x=1;let y=2;'],
  ['block comments nest, and end line comments in them', '/* a /* // */ b */fn f() {}', 'fn f(){}'],
  ['a line comment hides the start of a block', '// a /*\nfn f() {}', 'fn f(){}'],
  ['signs that would become another', 'a - -b + +c / *p & &q', 'a- -b+ +c/ *p& &q'],
  ['operators as written', 'a->b >>= c >= d && e', 'a->b>>=c>=d&&e'],
  ['a division before a comment', 'a /* b */ / c // d', 'a/c'],
  [
    'templates',
    'var<storage, read> x : array<vec4<f32> >;',
    'var<storage,read>x:array<vec4<f32> >;',
  ],
  ['members and numbers', 'return v.x * .5 + 1. + 1e-3 - 0x1p-4;', 'return v.x*.5+1.+1e-3-0x1p-4;'],
  [
    'attributes',
    '@compute @workgroup_size(1)\nfn main() {}',
    '@compute@workgroup_size(1)fn main(){}',
  ],
])('%s', (_what, source, minified) => {
  expect(minifyWgsl(source)).toBe(minified);
});

test('a comment without an end is refused', () => {
  expect(() => minifyWgsl('fn f() {} /* a')).toThrow('not closed');
});

test('every shader keeps its tokens', () => {
  for (const [name, source] of shaders) {
    const minified = minifyWgsl(source);
    expect(tokensOf(minified), name).toEqual(tokensOf(source));
    expect(minified, name).not.toMatch(/\s\s|\n|\/\//);
  }
});

test('the linker makes the same of either', () => {
  const kernels = shaders.filter(([, source]) => /^fn main/m.test(source));
  expect(kernels.length).toBeGreaterThan(10);
  for (const [name, source] of kernels) {
    const plain = link(source, []);
    const minified = link(minifyWgsl(source), []);
    expect(tokensOf(minified.code), name).toEqual(tokensOf(plain.code));
    expect(minified.bindings, name).toEqual(plain.bindings);
  }
});
