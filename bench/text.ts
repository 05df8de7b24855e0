// Tables for people: columns aligned, numbers to the right.

/** A number with about three digits that matter. */
export function short(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return '–';
  const size = Math.abs(n);
  if (size >= 100) return Math.round(n).toLocaleString('en');
  if (size >= 10) return n.toFixed(1);
  if (size >= 1) return n.toFixed(2);
  return size === 0 ? '0' : n.toFixed(3);
}

export const percent = (share: number): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : '–';

/** Rows under a header. The first column, and those named in `left`, are text. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly string[] = [],
): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((r) => r[i].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        i === 0 || left.includes(header[i]) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
      )
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join(
    '\n',
  );
}
