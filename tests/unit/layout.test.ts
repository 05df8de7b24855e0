// The house rules of src/: who may import whom, and which files may know of a page or of Node.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** For each part, the other parts that it may import. Meaning on the left, running on the right. */
const allowed: Record<string, readonly string[]> = {
  'src/graph': [],
  'src/gpu': ['src/graph'],
  'src/ops': ['src/graph'],
  'src/nn': ['src/graph', 'src/ops'],
  'src/kernels': ['src/graph', 'src/ops', 'src/gpu'],
  'src/runtime': ['src/graph', 'src/ops', 'src/gpu', 'src/kernels'],
  // The loop that every kind of training shares.
  'src/training': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/io', 'src/gpu', 'src/runtime'],
  ],
  // What holds data on the device needs the device, but not the machinery that runs graphs.
  'src/data': ['src/graph', 'src/ops', 'src/nn', 'src/gpu'],
  'src/metrics': ['src/graph', 'src/ops', 'src/nn', 'src/gpu'],
  'src/io': ['src/graph', 'src/ops', 'src/nn', 'src/gpu'],
  'src/gan': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/metrics', 'src/io'],
    ...['src/gpu', 'src/kernels', 'src/runtime', 'src/training'],
  ],
  'src/classifiers': ['src/graph', 'src/ops', 'src/nn'],
  'src/evaluation': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/metrics', 'src/io', 'src/gpu'],
    ...['src/runtime', 'src/training', 'src/classifiers'],
  ],
  // Its nets are those of a DCGAN, and its pictures too.
  'src/vae': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/io', 'src/runtime', 'src/training'],
    'src/gan',
  ],
  'src/inference': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/runtime', 'src/training'],
  ],
  // The page's end of a worker and the worker's own, of one mechanism.
  'src/worker': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/io', 'src/gpu', 'src/runtime'],
    ...['src/training', 'src/gan', 'src/vae', 'src/evaluation'],
  ],
  'src/worker.ts': ['src/worker'],
  'src/index.ts': [
    ...['src/graph', 'src/ops', 'src/nn', 'src/data', 'src/metrics', 'src/io'],
    ...['src/gpu', 'src/kernels', 'src/runtime', 'src/training', 'src/gan', 'src/worker'],
    ...['src/classifiers', 'src/evaluation', 'src/inference'],
    'src/vae',
  ],
  // Options are checked before a browser is started, by what the page checks them by. The index has shaders,
  // which Node cannot import.
  'src/cli': ['src/index.ts', 'src/gan', 'src/vae'],
  demo: ['src/index.ts'],
};

/** Names that only a page, or only Node, has. Types of the same names are harmless: they vanish. */
const hostGlobals = new Set([
  ...['document', 'window', 'localStorage', 'sessionStorage', 'HTMLCanvasElement', 'Image'],
  ...['process', 'Buffer', 'require', '__dirname', '__filename', 'setImmediate'],
]);

/** Wrappers around a value that TypeScript erases; everything else named TS… is a type. */
const transparent = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
]);

interface AstNode {
  type: string;
  [key: string]: unknown;
}

/** What the rules need to know of a file: the modules it names, and the host's globals it uses. */
interface Facts {
  imports: string[];
  globals: string[];
  reexportsAll: boolean;
}

function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && typeof (value as AstNode).type === 'string';
}

function children(node: AstNode): AstNode[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? (node.name as string) : undefined;
}

function textOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string'
    ? node.value
    : undefined;
}

/** The names that a pattern binds: `a`, `{ b, c: d }`, `[e, ...f]`, `g = 1`. */
function boundNames(node: AstNode): string[] {
  switch (node.type) {
    case 'Identifier':
      return [node.name as string];
    case 'Property':
      return boundNames(node.value as AstNode);
    case 'AssignmentPattern':
      return boundNames(node.left as AstNode);
    case 'ObjectPattern':
    case 'ArrayPattern':
    case 'RestElement':
    case 'TSParameterProperty':
      return children(node).flatMap(boundNames);
    default:
      return [];
  }
}

function factsOf(file: string, source: string): Facts {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const imports: string[] = [];
  const bound = new Set<string>();
  const used = new Set<string>();
  let reexportsAll = false;

  const visit = (node: AstNode, inType: boolean): void => {
    const typeHere = inType || (node.type.startsWith('TS') && !transparent.has(node.type));
    switch (node.type) {
      case 'ExportAllDeclaration':
        reexportsAll = true;
        imports.push(textOf(node.source)!);
        break;
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ImportExpression':
      case 'TSImportType': {
        const target = textOf(node.source);
        if (target !== undefined) imports.push(target);
        break;
      }
      case 'NewExpression': {
        // How a worker or an asset is named: new URL('./worker.ts', import.meta.url).
        const [target, base] = node.arguments as AstNode[];
        const path = nameOf(node.callee) === 'URL' && base ? textOf(target) : undefined;
        if (path !== undefined) imports.push(path.startsWith('.') ? path : `./${path}`);
        break;
      }
      case 'VariableDeclarator':
      case 'ClassDeclaration':
        if (isNode(node.id)) for (const name of boundNames(node.id)) bound.add(name);
        break;
      case 'CatchClause':
        if (isNode(node.param)) for (const name of boundNames(node.param)) bound.add(name);
        break;
      case 'ImportSpecifier':
      case 'ImportDefaultSpecifier':
      case 'ImportNamespaceSpecifier':
        bound.add(nameOf(node.local)!);
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (isNode(node.id)) bound.add(nameOf(node.id)!);
        for (const parameter of node.params as AstNode[])
          for (const name of boundNames(parameter)) bound.add(name);
        break;
      case 'MemberExpression': {
        visit(node.object as AstNode, typeHere);
        if (node.computed) visit(node.property as AstNode, typeHere);
        else if (nameOf(node.object) === 'globalThis' && !typeHere)
          used.add(nameOf(node.property)!);
        return;
      }
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node.computed) visit(node.key as AstNode, typeHere);
        for (const child of children({ ...node, key: undefined })) visit(child, typeHere);
        return;
      case 'Identifier':
        if (!typeHere) used.add(node.name as string);
        break;
    }
    for (const child of children(node)) visit(child, typeHere);
  };
  visit(program as unknown as AstNode, false);

  // A file that has a variable of such a name means that one: no need to follow scopes.
  const globals = [...used].filter((name) => hostGlobals.has(name) && !bound.has(name));
  return { imports, globals, reexportsAll };
}

/** `src/ops/conv.ts` → `src/ops`; `demo/x/y.ts` → `demo`; `src/index.ts` → itself. */
function partOf(file: string): string {
  const [top, second] = file.split('/');
  return top === 'src' ? `${top}/${second}` : top;
}

/** Everything that breaks a rule in one file, in words; `file` is relative to the repository. */
function violations(file: string, source: string): string[] {
  const part = partOf(file);
  const reach = allowed[part];
  if (!reach) return [`${file}: ${part} is no part of the design`];
  const node = file.endsWith('.node.ts');
  const engine = part !== 'demo' && part !== 'src/cli';
  const { imports, globals, reexportsAll } = factsOf(file, source);
  const found: string[] = [];

  for (const target of imports) {
    if (target.startsWith('node:')) {
      if (!node) found.push(`${file} imports ${target}: only *.node.ts files may`);
    } else if (!target.startsWith('.')) {
      if (engine) found.push(`${file} imports ${target}: the engine has no dependencies`);
    } else {
      const path = posix.join(posix.dirname(file), target.replace(/\?.*$/, ''));
      const targetPart = partOf(path);
      const ours = targetPart === 'demo' || targetPart.startsWith('src/');
      if (path.startsWith('tests/') || path.startsWith('bench/'))
        found.push(`${file} imports ${path}: tests and benchmarks use the product, not vice versa`);
      else if (ours && targetPart !== part && !reach.includes(targetPart))
        found.push(`${file} imports ${path}: ${part} may not import ${targetPart}`);
      if (ours && !/\.\w+$/.test(path)) found.push(`${file} imports ${target} without extension`);
    }
  }
  if (part !== 'demo' && !node && !file.endsWith('.browser.ts'))
    for (const name of globals)
      found.push(`${file} uses ${name}: only *.browser.ts and *.node.ts files may`);
  if (part === 'src/index.ts' && reexportsAll)
    found.push(`${file}: the public API is re-exported by name, not with export *`);
  return found;
}

function filesUnder(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

test('every file keeps to the design', () => {
  const top = readdirSync(root);
  const files = ['src', 'demo'].filter((dir) => top.includes(dir)).flatMap(filesUnder);
  expect(files).toContain('src/cli/browser.node.ts');
  const found = files.flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8')));
  expect(found).toEqual([]);
});

describe('the check itself', () => {
  const bad: [string, string, string, string][] = [
    ['an import up the chain', 'src/graph/a.ts', "import { x } from '../ops/b.ts';", 'src/ops'],
    ['a type import', 'src/ops/a.ts', "import type { X } from '../nn/b.ts';", 'src/nn'],
    ['an inline type import', 'src/gpu/a.ts', "let x: import('../ops/b.ts').X;", 'src/ops'],
    ['a re-export', 'src/nn/a.ts', "export { x } from '../gpu/b.ts';", 'src/gpu'],
    ['a dynamic import', 'src/kernels/a.ts', "await import('../runtime/b.ts');", 'src/runtime'],
    ['a worker', 'src/ops/a.ts', "new URL('../gan/w.ts', import.meta.url);", 'src/gan'],
    ['siblings', 'src/data/a.ts', "import '../io/b.ts';", 'src/io'],
    ['the API from inside', 'src/gan/a.ts', "import { x } from '../index.ts';", 'src/index.ts'],
    ['the inside from the demo', 'demo/a.ts', "import '../src/gan/b.ts';", 'src/gan'],
    ['the inside from the command line', 'src/cli/a.ts', "import '../gpu/b.ts';", 'src/gpu'],
    ['tests from the product', 'src/gan/a.ts', "import '../../tests/reference/b.ts';", 'tests/'],
    ['an unknown part', 'src/utils/a.ts', '', 'src/utils'],
    ['a package', 'src/io/a.node.ts', "import { PNG } from 'pngjs';", 'pngjs'],
    ['Node', 'src/io/a.ts', "import { readFile } from 'node:fs/promises';", 'node:fs'],
    ['Node in a page', 'src/io/a.browser.ts', "import 'node:fs';", 'node:fs'],
    ['a global of Node', 'src/io/a.ts', 'export const x = process.env.X;', 'process'],
    ['a global of a page', 'src/gan/a.ts', "document.querySelector('canvas');", 'document'],
    ['a guarded global', 'src/gan/a.ts', "if (typeof window === 'undefined') f();", 'window'],
    ['a global by globalThis', 'src/gan/a.ts', 'globalThis.document.title;', 'document'],
    ['a global in a cast', 'src/gan/a.ts', '(document as Document).title;', 'document'],
    ['a missing extension', 'src/gan/a.ts', "import '../nn/linear';", 'extension'],
    ['export *', 'src/index.ts', "export * from './gan/a.ts';", 'by name'],
  ];
  test.each(bad)('finds %s', (_what, file, source, part) => {
    const found = violations(file, source);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(part);
  });

  const good: [string, string, string][] = [
    ['an import down the chain', 'src/gan/a.ts', "import { x } from '../graph/b.ts';"],
    ['an import within a part', 'src/ops/a.ts', "import { x } from './b.ts';"],
    ['a shader', 'src/kernels/a.ts', "import code from '../../shaders/a.wgsl?raw';"],
    ['the API from the demo', 'demo/a.ts', "import { x } from '../src/index.ts';"],
    ['Node where the name says so', 'src/data/a.node.ts', "import 'node:fs'; process.exit();"],
    ['a page where the name says so', 'src/data/a.browser.ts', 'document.title;'],
    ['a type of the DOM', 'src/gan/a.ts', 'let x: HTMLCanvasElement | undefined;'],
    ['a variable called window', 'src/gpu/a.ts', 'for (const window of windows) f(window.size);'],
    ['a parameter called window', 'src/gpu/a.ts', 'const f = ({ window }) => window.size;'],
    ['a property called process', 'src/gan/a.ts', 'queue.process({ document: 1 });'],
    ['a name in a comment or text', 'src/gan/a.ts', "// document.title\nf('process.env');"],
  ];
  test.each(good)('allows %s', (_what, file, source) => {
    expect(violations(file, source)).toEqual([]);
  });
});
