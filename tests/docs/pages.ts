// The pages of the documentation, and what is in them: code blocks and links.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Code, Link } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { visit } from 'unist-util-visit';

export const root = join(import.meta.dirname, '..', '..');

export interface Block {
  /** `PAGE:LINE`, for messages. */
  readonly where: string;
  readonly language: string;
  readonly code: string;
  /** The file that it is, by the comment in its first line: `// main.ts`. */
  readonly file: string | undefined;
}

export interface Page {
  /** From the repository's root. */
  readonly path: string;
  /** The folder in which its code runs: the file's name without its end. */
  readonly name: string;
  readonly blocks: readonly Block[];
  readonly links: readonly string[];
}

const FILE_COMMENT = /^(?:\/\/|<!--) ([\w.-]+\.(?:ts|tsx|html))(?: -->)?\n/;

function readPage(path: string): Page {
  const tree = fromMarkdown(readFileSync(join(root, path), 'utf8'));
  const blocks: Block[] = [];
  const links: string[] = [];
  visit(tree, 'code', ({ lang, value, position }: Code) => {
    const code = `${value}\n`;
    const where = `${path}:${position?.start.line}`;
    blocks.push({ where, language: lang ?? '', code, file: FILE_COMMENT.exec(code)?.[1] });
  });
  visit(tree, 'link', ({ url }: Link) => void links.push(url));
  return { path, name: basename(path, '.md'), blocks, links };
}

const folders = ['docs', 'docs/guides'];
const paths = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`),
);

export const pages: readonly Page[] = ['README.md', 'CHANGELOG.md', ...paths].map(readPage);
