/** How samples lie on their canvas: square grids, as many rows as columns. */

/** Numbers of samples that a visitor can choose. A larger grid begins with the pictures of a smaller one. */
export const gridCounts = [16, 36, 64, 144, 256] as const;

export const DEFAULT_COUNT = 64;

/** Black pixels between pictures and around them, as the engine draws them. */
export const GAP = 2;

/** So many pictures of so many pixels a side. */
export interface Grid {
  readonly count: number;
  readonly size: number;
}

export const columnsOf = (count: number): number => Math.ceil(Math.sqrt(count));

/** Side of the whole grid in pixels. */
export const sideOf = ({ count, size }: Grid): number => columnsOf(count) * (size + GAP) + GAP;

/** Left or upper edge of the picture in a column or row, in pixels. */
export const edgeOf = (place: number, { size }: Grid): number => GAP + place * (size + GAP);

/** The picture at a place, given as shares of the side from the left and from above; null for none. */
export function pictureAt(x: number, y: number, grid: Grid): number | null {
  const columns = columnsOf(grid.count);
  const [column, row] = [x, y].map((share) =>
    Math.floor((share * sideOf(grid) - GAP / 2) / (grid.size + GAP)),
  ) as [number, number];
  const inside = (place: number) => place >= 0 && place < columns;
  const index = row * columns + column;
  return inside(column) && inside(row) && index < grid.count ? index : null;
}
