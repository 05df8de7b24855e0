/** The pictures of a run over time: at first every step, then ever more seldom. */

/** A new frame once the run is this much longer: 280 frames in a million steps. */
const GROWTH = 1.05;

/** Larger grids are shrunk: frames are kept for as long as the run. */
const LARGEST_SIDE = 1024;

export class Film {
  #next = 0;

  /** Whether the picture of this step belongs in it. It is then taken to be in it. */
  wants(step: number): boolean {
    if (step < this.#next) return false;
    this.#next = Math.max(step + 1, Math.ceil(step * GROWTH));
    return true;
  }

  /** Goes on after this step, which a lost device led back to. */
  rewind(step: number): void {
    this.#next = Math.min(this.#next, step + 1);
  }
}

/**
 * What a canvas shows, as a file. Begin it in the task that drew it: afterwards a WebGPU canvas is
 * blank to everybody but the screen.
 */
export async function pictureOf(
  canvas: OffscreenCanvas,
  type: 'image/png' | 'image/webp',
): Promise<Blob> {
  const shown = await createImageBitmap(canvas);
  const scale = type === 'image/png' ? 1 : LARGEST_SIDE / Math.max(shown.width, shown.height);
  const [width, height] = [shown.width, shown.height].map((side) =>
    Math.max(1, Math.round(side * Math.min(1, scale))),
  ) as [number, number];
  const copy = new OffscreenCanvas(width, height);
  copy.getContext('2d')?.drawImage(shown, 0, 0, width, height);
  shown.close();
  return copy.convertToBlob({ type, quality: 0.9 });
}
