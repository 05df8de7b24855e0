import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DrawingProps {
  readonly drawing: {
    readonly width: number;
    readonly height: number;
    readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  };
  /** What is to be seen. */
  readonly label: string;
  readonly class?: string;
}

/** Pixels that were made elsewhere, as large as there is room. */
export function Drawing({ drawing, label, class: name = '' }: DrawingProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const { width, height, pixels } = drawing;
    // Setting a size clears the canvas, which would flicker.
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [drawing]);
  return h('canvas', { ref, class: `pixels ${name}`, role: 'img', 'aria-label': label });
}
