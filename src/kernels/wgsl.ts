// The WGSL linker: one compute shader from a kernel file and the files that fill its slots.
//
// A kernel is a plain, valid WGSL module. Its slots are its module-scope declarations: another
// module that declares the same name replaces one. WGSL resolves module-scope names in any order,
// so nothing inside a declaration is ever edited, and this needs a tokenizer but no grammar.
import { GanvasError } from '../graph/errors.ts';

/** A storage or uniform variable of a shader, all in group 0. */
export interface Binding {
  readonly name: string;
  readonly binding: number;
  readonly kind: 'read' | 'read_write' | 'uniform';
}

/** A linked module, ready to compile. Equal `code` means the same pipeline. */
export interface Shader {
  readonly code: string;
  readonly bindings: readonly Binding[];
}

/** Modules that do not fit together, or a constant that the kernel does not declare. */
export class LinkError extends GanvasError {
  override readonly name = 'LinkError';

  constructor(message: string, advice: string) {
    super('link', message, advice);
  }
}

interface Declaration {
  readonly keyword: string;
  readonly name: string;
  readonly text: string;
  readonly isEntryPoint: boolean;
  /** What is between `var<` and `>`, such as ['storage', 'read_write']. */
  readonly addressSpace: readonly string[];
  /** Identifiers that may name other declarations. */
  readonly references: ReadonlySet<string>;
}

interface Module {
  /** `enable`, `requires` and `diagnostic`, one feature each. */
  readonly directives: readonly string[];
  readonly declarations: readonly Declaration[];
  readonly assertions: readonly Declaration[];
}

const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
const token = /[\p{XID_Start}_]\p{XID_Continue}*|\d[\w.]*|\S/gu;
const declarationKeywords = new Set(['const', 'override', 'alias', 'struct', 'fn', 'var']);
const entryPoint = 'main';
const parsed = new Map<string, Module>();

/**
 * Links the kernel `base` with `overlays`, each the text of a WGSL module.
 *
 * - A declaration of an overlay takes the place of the one with the same name before it; a new one
 *   is appended. Entry points are the exception: an overlay has one only to be valid alone, and the
 *   base's `main` stays.
 * - `constants` then sets the value of `const`s, as a number (written for the declared type) or an
 *   expression, and the target of `alias`es.
 * - What `main` does not reach is dropped, so a binding that only a replaced slot used is gone.
 *   Reached means named, other than as a parameter or a member: give a local variable the name of
 *   a binding, and the binding stays.
 * - The bindings that are left are numbered from 0 in order of declaration.
 */
export function link(
  base: string,
  overlays: readonly string[],
  constants: Readonly<Record<string, number | string>> = {},
): Shader {
  const modules = [base, ...overlays].map(parse);
  const declarations = merge(modules);
  for (const [name, value] of Object.entries(constants)) {
    declarations.set(name, withValue(declarations, name, value));
  }
  const alive = reachable(declarations);
  const assertions = modules
    .flatMap((module) => module.assertions)
    .filter(({ references }) =>
      [...references].every((name) => alive.has(name) || !declarations.has(name)),
    );

  const bindings: Binding[] = [];
  const body = [...declarations.values()]
    .filter(({ name }) => alive.has(name))
    .map((declaration) => {
      const kind = bindingKind(declaration);
      if (!kind) return declaration.text;
      const binding = bindings.length;
      bindings.push({ name: declaration.name, binding, kind });
      return `@group(0) @binding(${binding}) ${declaration.text.replace(/^.*?\bvar\b/s, 'var')}`;
    });
  const directives = new Set(modules.flatMap((module) => module.directives));
  const lines = [...directives, ...body, ...new Set(assertions.map(({ text }) => text))];
  return { code: `${lines.join('\n')}\n`, bindings };
}

/** Base declarations in their order, slots replaced in place, new declarations after them. */
function merge([base, ...overlays]: readonly Module[]): Map<string, Declaration> {
  const merged = new Map(base!.declarations.map((declaration) => [declaration.name, declaration]));
  if (!merged.get(entryPoint)?.isEntryPoint) {
    throw new LinkError(
      `The kernel has no @compute function named ${entryPoint}.`,
      'Declare one in the base module; those of overlays do not count.',
    );
  }
  for (const declaration of overlays.flatMap((overlay) => overlay.declarations)) {
    const slot = merged.get(declaration.name);
    if (declaration.isEntryPoint || slot?.isEntryPoint) continue;
    if (slot && slot.keyword !== declaration.keyword) {
      throw new LinkError(
        `The overlay's ${declaration.keyword} ${declaration.name} cannot replace the ${slot.keyword} of that name.`,
        'A slot is filled by a declaration of its own kind; rename one of them.',
      );
    }
    merged.set(declaration.name, declaration);
  }
  return merged;
}

function reachable(declarations: ReadonlyMap<string, Declaration>): Set<string> {
  const alive = new Set([entryPoint]);
  // A set yields what is added to it while it is walked.
  for (const name of alive) {
    for (const reference of declarations.get(name)!.references) {
      if (declarations.has(reference)) alive.add(reference);
    }
  }
  return alive;
}

function bindingKind({ keyword, name, text, addressSpace }: Declaration): Binding['kind'] | null {
  if (keyword !== 'var') return null;
  const [space, , access] = addressSpace;
  if (space === 'uniform') return 'uniform';
  if (space === 'storage') return access === 'read_write' ? 'read_write' : 'read';
  if (space === 'workgroup' || space === 'private') return null;
  throw new LinkError(
    `${text} is neither a storage, uniform, workgroup nor private variable.`,
    `Kernels bind buffers only: make ${name} one.`,
  );
}

/** The `const` or `alias` named `name`, with a new value or target. */
function withValue(
  declarations: ReadonlyMap<string, Declaration>,
  name: string,
  value: number | string,
): Declaration {
  const old = declarations.get(name);
  if (old?.keyword !== 'const' && old?.keyword !== 'alias') {
    throw new LinkError(
      `There is no const or alias named ${name} to set to ${value}.`,
      `The modules declare ${[...declarations.keys()].join(', ')}.`,
    );
  }
  const equals = old.text.indexOf('=');
  const head = old.text.slice(0, equals).trimEnd();
  const written =
    typeof value === 'string'
      ? value
      : writeNumber(declarations, head, old.text.slice(equals + 1, -1).trim(), value);
  return parseDeclaration(`${head} = ${written};`);
}

/** `value` as a literal for the type that `head` declares, or that of the `initial` value. */
function writeNumber(
  declarations: ReadonlyMap<string, Declaration>,
  head: string,
  initial: string,
  value: number,
): string {
  const declared = head.includes(':') ? head.slice(head.indexOf(':') + 1).trim() : null;
  let type = declared ?? typeOfLiteral(initial);
  for (let alias = declarations.get(type); alias; alias = declarations.get(type)) {
    type = alias.text.slice(alias.text.indexOf('=') + 1, -1).trim();
  }
  const integer = (low: number, high: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  const text = Object.is(value, -0) ? '-0' : String(value);
  const decimal = /[.e]/.test(text) ? text : `${text}.0`;

  if (type === 'bool' && integer(0, 1)) return value === 1 ? 'true' : 'false';
  if (type === 'u32' && integer(0, 2 ** 32 - 1)) return `${value}u`;
  // Not the suffix `i`: it would apply before the minus sign, and -2147483648i does not exist.
  if (type === 'i32' && integer(-(2 ** 31), 2 ** 31 - 1)) return declared ? text : `i32(${text})`;
  if (type === 'integer' && Number.isSafeInteger(value)) return text;
  if (type === 'float' && Number.isFinite(value)) return decimal;
  if (type === 'f32' && Number.isFinite(Math.fround(value)))
    return declared ? decimal : `${decimal}f`;
  if (type === 'f16' && Math.abs(value) <= 65504) return declared ? decimal : `${decimal}h`;
  throw new LinkError(
    `${value} is not a value for \`${head}\` (${type}).`,
    'Give a number in the range of its type, or a WGSL expression as a string.',
  );
}

function typeOfLiteral(literal: string): string {
  if (literal === 'true' || literal === 'false') return 'bool';
  const number = /^-?(?:0[xX][\da-fA-F]+|[\d.]+(?:[eE][+-]?\d+)?)([uifh]?)$/.exec(literal);
  if (!number) return `the type of ${literal}`;
  const suffixed: Record<string, string> = { u: 'u32', i: 'i32', f: 'f32', h: 'f16' };
  return suffixed[number[1]!] ?? (/^-?(?:0[xX]|\d+$)/.test(literal) ? 'integer' : 'float');
}

function parse(source: string): Module {
  const known = parsed.get(source);
  if (known) return known;
  const module = {
    directives: [] as string[],
    declarations: [] as Declaration[],
    assertions: [] as Declaration[],
  };
  const names = new Set<string>();
  for (const text of splitModule(withoutComments(source))) {
    const declaration = parseDeclaration(text);
    const { keyword, name } = declaration;
    if (keyword === 'enable' || keyword === 'requires') {
      const features = text.slice(keyword.length, -1).match(/\w+/g) ?? [];
      module.directives.push(...features.map((feature) => `${keyword} ${feature};`));
    } else if (keyword === 'diagnostic') module.directives.push(text);
    else if (keyword === 'const_assert') module.assertions.push(declaration);
    else if (declarationKeywords.has(keyword) && identifier.test(name ?? '')) {
      if (names.has(name)) {
        throw new LinkError(`A module declares ${name} twice.`, 'Rename one of them.');
      }
      names.add(name);
      module.declarations.push(declaration);
    } else
      throw new LinkError(`This is not a WGSL declaration: ${text}`, 'Check what is before it.');
  }
  parsed.set(source, module);
  return module;
}

/** Comments become a space, so that they still part tokens; empty lines go. Block comments nest. */
function withoutComments(source: string): string {
  let depth = 0;
  let code = '';
  for (let at = 0; at < source.length; ) {
    const mark = source.slice(at, at + 2);
    if (mark === '/*' || (mark === '*/' && depth > 0)) {
      depth += mark === '/*' ? 1 : -1;
      if (depth === 0) code += ' ';
      at += 2;
    } else if (mark === '//' && depth === 0) {
      while (at < source.length && !/[\n\v\f\r\u0085\u2028\u2029]/.test(source[at]!)) at++;
    } else {
      if (depth === 0) code += source[at];
      at++;
    }
  }
  if (depth > 0) throw new LinkError('A block comment is not closed.', 'Add the missing */.');
  return code
    .split(/[\n\v\f\r\u0085\u2028\u2029]/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}

/** The texts of a module's declarations and directives: each ends with `;`, or with its braces. */
function splitModule(code: string): string[] {
  const texts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < code.length; at++) {
    if ('({['.includes(code[at]!)) depth++;
    else if (')}]'.includes(code[at]!)) depth--;
    if (depth > 0 || (code[at] !== ';' && code[at] !== '}')) continue;
    const text = code.slice(start, at + 1).trim();
    if (text !== ';') texts.push(text);
    start = at + 1;
  }
  const rest = code.slice(start).trim();
  if (depth !== 0 || rest !== '') {
    throw new LinkError(
      `A module ends within a declaration: ${rest.slice(0, 60) || 'a bracket too many'}.`,
      'Check its brackets and semicolons.',
    );
  }
  return texts;
}

function parseDeclaration(text: string): Declaration {
  const tokens: readonly string[] = text.match(token) ?? [];
  const attributes: string[] = [];
  let at = 0;
  while (tokens[at] === '@') {
    attributes.push(tokens[at + 1]!);
    at += 2;
    if (tokens[at] === '(') at = closing(tokens, at) + 1;
  }
  const keyword = tokens[at++]!;
  let addressSpace: string[] = [];
  if (keyword === 'var' && tokens[at] === '<') {
    const end = tokens.indexOf('>', at);
    addressSpace = tokens.slice(at + 1, end);
    at = end + 1;
  }
  const name = keyword === 'const_assert' ? '' : tokens[at]!;
  const signature = keyword === 'fn' ? tokens.slice(at, closing(tokens, at + 1)) : [];
  const parameters = new Set(signature.filter((_, i) => signature[i + 1] === ':'));
  const references = tokens.filter((word, i) => {
    const qualified = tokens[i - 1] === '.' || tokens[i - 1] === '@';
    const member = keyword === 'struct' && tokens[i + 1] === ':';
    return identifier.test(word) && i !== at && !qualified && !member && !parameters.has(word);
  });
  return {
    ...{ keyword, name, text, addressSpace },
    references: new Set(references),
    isEntryPoint: attributes.includes('compute'),
  };
}

/** Where the bracket that opens at `open` closes. */
function closing(tokens: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === '(') depth++;
    if (tokens[at] === ')' && --depth === 0) return at;
  }
  return tokens.length;
}
