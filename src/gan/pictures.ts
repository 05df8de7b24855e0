import { GanvasError } from '../graph/errors.ts';

/** Pictures as bytes: plain data. */
export interface PictureGrid {
  /** Of each picture, in pixels. */
  readonly width: number;
  /** Of each picture, in pixels. */
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGBA with straight alpha. */
  readonly channels: number;
  /** Number of pictures. */
  readonly count: number;
  /** [count, height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Training steps that the generator had done. */
  readonly step: number;
  /** Pictures in a row that puts those of a class below each other, where there are classes in turn. */
  readonly columns?: number;
}

/** How pictures are laid out in one. */
export interface GridLayout {
  /**
   * Pictures in a row; by default as many as make the grid about square, or, of pictures of all classes in
   * turn, so many that each column is of one class.
   */
  readonly columns?: number;
  /** Black pixels between pictures and around them, 2 by default. */
  readonly gap?: number;
}

/** Samples as bytes, and as what a page can show. */
export class Pictures implements PictureGrid {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly count: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly step: number;
  readonly columns: number;

  constructor({ width, height, channels, count, pixels, step, columns }: PictureGrid) {
    this.width = width;
    this.height = height;
    this.channels = channels;
    this.count = count;
    this.pixels = pixels;
    this.step = step;
    this.columns = columns ?? Math.ceil(Math.sqrt(count));
  }

  /**
   * One picture, by its number, or all of them in a grid, with a canvas's four channels: grey is
   * spread, and what has no opacity is opaque.
   */
  toImageData(what: number | GridLayout = {}): ImageData {
    if (typeof what !== 'number') return this.grid(what);
    this.checkIndex(what);
    const image = new ImageData(this.width, this.height);
    this.paint(image, what, 0, 0);
    return image;
  }

  /** Likewise, ready to be drawn on a canvas of any kind, or to be posted to where one is. */
  toImageBitmap(what: number | GridLayout = {}): Promise<ImageBitmap> {
    return createImageBitmap(this.toImageData(what));
  }

  private grid({ columns = this.columns, gap = 2 }: GridLayout): ImageData {
    const possible = Number.isInteger(columns) && columns >= 1 && Number.isInteger(gap) && gap >= 0;
    if (!possible) {
      throw new GanvasError(
        'samples',
        `A grid of ${columns} columns, ${gap} pixels apart, is not possible.`,
        'Choose whole numbers, and at least one column.',
      );
    }
    const { width, height, count } = this;
    const rows = Math.ceil(count / columns);
    const image = new ImageData(columns * (width + gap) + gap, rows * (height + gap) + gap);
    for (let i = 3; i < image.data.length; i += 4) image.data[i] = 255;
    for (let i = 0; i < count; i++) {
      const row = Math.floor(i / columns);
      this.paint(image, i, gap + (i % columns) * (width + gap), gap + row * (height + gap));
    }
    return image;
  }

  private paint(image: ImageData, index: number, left: number, top: number): void {
    const { width, height, channels, pixels } = this;
    let from = index * width * height * channels;
    for (let y = 0; y < height; y++) {
      let to = ((top + y) * image.width + left) * 4;
      for (let x = 0; x < width; x++, from += channels, to += 4) {
        const coloured = channels >= 3;
        image.data[to] = pixels[from];
        image.data[to + 1] = pixels[coloured ? from + 1 : from];
        image.data[to + 2] = pixels[coloured ? from + 2 : from];
        image.data[to + 3] = channels === 4 ? pixels[from + 3] : 255;
      }
    }
  }

  private checkIndex(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.count) return;
    throw new GanvasError(
      'samples',
      `There is no picture ${index} among ${this.count}.`,
      `Choose 0 to ${this.count - 1}.`,
    );
  }
}
