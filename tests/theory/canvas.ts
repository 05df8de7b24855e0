// What the pictures of the guides have in common.
export const INK = '#222';
export const FAINT = '#bbb';

export function canvas(width: number, height: number) {
  const surface = new OffscreenCanvas(width, height);
  const context = surface.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.font = '13px sans-serif';
  return { surface, context };
}

/** As PNG, in base64. */
export async function encoded(surface: OffscreenCanvas): Promise<string> {
  const blob = await surface.convertToBlob({ type: 'image/png' });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
