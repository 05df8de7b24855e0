/** Pictures one after the other as a WebM file, encoded by the browser (WebCodecs). */

import {
  BufferTarget,
  CanvasSource,
  getFirstEncodableVideoCodec,
  Output,
  QUALITY_HIGH,
  WebMOutputFormat,
} from 'mediabunny';
import { GanvasError } from '../src/index.ts';

const FRAMES_PER_SECOND = 12;

/** The last picture stays, so that one can look at it. */
const LAST_SECONDS = 2;

/** Small pixels are drawn larger, by a whole factor: video is for looking at. */
const LEAST_SIDE = 512;

/** Square pictures, in the size of the largest. Rejects where the browser encodes no video. */
export async function makeVideo(pictures: readonly Blob[]): Promise<Blob> {
  if (pictures.length === 0) throw new Error('There are no pictures to make a video of.');
  let largest = 0;
  for (const picture of pictures) {
    const bitmap = await createImageBitmap(picture);
    largest = Math.max(largest, bitmap.width);
    bitmap.close();
  }
  const side = largest * Math.max(1, Math.ceil(LEAST_SIDE / largest));
  // Video wants even sides.
  const canvas = new OffscreenCanvas(evenAbove(side), evenAbove(side));
  const context = canvas.getContext('2d', { alpha: false });
  const format = new WebMOutputFormat();
  const codec = await getFirstEncodableVideoCodec(format.getSupportedVideoCodecs(), {
    width: canvas.width,
    height: canvas.height,
  });
  if (!context || !codec) {
    throw new GanvasError('video', 'This browser encodes no video.', 'Save pictures instead.');
  }
  context.imageSmoothingEnabled = false;

  const target = new BufferTarget();
  const output = new Output({ format, target });
  const source = new CanvasSource(canvas, { codec, bitrate: QUALITY_HIGH });
  output.addVideoTrack(source, { frameRate: FRAMES_PER_SECOND });
  await output.start();
  for (const [n, picture] of pictures.entries()) {
    const bitmap = await createImageBitmap(picture);
    context.drawImage(bitmap, 0, 0, side, side);
    bitmap.close();
    const last = n === pictures.length - 1;
    await source.add(n / FRAMES_PER_SECOND, last ? LAST_SECONDS : 1 / FRAMES_PER_SECOND);
  }
  await output.finalize();
  if (!target.buffer) throw new Error('The video came out empty.');
  return new Blob([target.buffer], { type: 'video/webm' });
}

const evenAbove = (side: number): number => 2 * Math.ceil(side / 2);
