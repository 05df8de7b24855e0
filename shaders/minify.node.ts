// Shaders as a package carries them: the same tokens, without comments and white space. Names stay:
// short ones for functions' variables were tried, and save 0.5 of 10 kB when compressed.
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const lineEnd = '[\\n\\v\\f\\r\\u0085\\u2028\\u2029]';
/** Comments apart: white space, names, numbers with their exponent's sign, operators as written. */
const token = new RegExp(
  [
    `//.*?(?:${lineEnd}|$)`,
    '/\\*',
    '\\s+',
    '[\\p{XID_Start}_]\\p{XID_Continue}*',
    '0[xX][\\da-fA-F.]+(?:[pP][+-]?\\d+)?[iufh]?',
    '(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?[iufh]?',
    '(?:(?!//|/\\*)[-+*/%<>=!&|^~])+',
    '.',
  ].join('|'),
  'gsu',
);

/** Where the block comment ends that begins at `start`; they nest. */
function endOfComment(source: string, start: number): number {
  let depth = 0;
  for (const { 0: mark, index } of source.slice(start).matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return start + index + 2;
  }
  throw new Error('A block comment is not closed.');
}

/** The tokens of a WGSL module. */
export function tokensOf(source: string): string[] {
  const tokens: string[] = [];
  const reader = new RegExp(token);
  for (let found = reader.exec(source); found; found = reader.exec(source)) {
    const [text] = found;
    if (text === '/*') reader.lastIndex = endOfComment(source, found.index);
    else if (text.trim() !== '' && !text.startsWith('//')) tokens.push(text);
  }
  return tokens;
}

const wordLike = /\p{XID_Continue}/u;
const operator = /[-+*/%<>=!&|^~]/;

/** A module without comments, and with white space only where two tokens would become another. */
export function minifyWgsl(source: string): string {
  return tokensOf(source).reduce((code, text) => {
    const [last, first] = [code.slice(-1), text[0]];
    const parted = [wordLike, operator].some((kind) => kind.test(last) && kind.test(first));
    return code + (parted ? ' ' : '') + text;
  }, '');
}

/** Makes `x.wgsl?raw` the minified text. */
export const minifyShaders = (): Plugin => ({
  name: 'minify-shaders',
  enforce: 'pre',
  load(id) {
    const [path, query] = id.split('?');
    if (query !== 'raw' || !path.endsWith('.wgsl')) return null;
    this.addWatchFile(path);
    return `export default ${JSON.stringify(minifyWgsl(readFileSync(path, 'utf8')))};`;
  },
});
