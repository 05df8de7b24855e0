/** What a visitor takes from the page: files, and a link. */

import { answerTo } from './conversation.ts';
import { download } from './download.ts';
import { problemOf } from './engine/problem.ts';
import { copied, film, filming, latest, lookedFrame, problem, settings } from './state.ts';

/** Puts a link with the settings of now where it can be pasted. */
export async function copyLink(): Promise<void> {
  const link = location.href;
  try {
    await navigator.clipboard.writeText(link);
    copied.value = link;
  } catch (error) {
    problem.value = { code: 'clipboard', message: String(error), advice: '' };
  }
}

/** Offers the run as a file to keep. */
export async function saveCheckpoint(): Promise<void> {
  const name = fileName(latest.value?.step ?? 0, 'safetensors');
  const bytes = await answerTo('checkpoint', null);
  if (bytes) download(new Blob([bytes]), name);
}

/** Offers the samples as they are looked at, now or in the past. */
export async function savePicture(): Promise<void> {
  const frame = lookedFrame.value;
  if (frame) return download(await asPng(frame.picture), fileName(frame.step, 'png'));
  const name = fileName(latest.value?.step ?? 0, 'png');
  const picture = await answerTo('picture', null);
  if (picture) download(picture, name);
}

/** Offers the run so far as a video. */
export async function saveVideo(): Promise<void> {
  if (filming.value || film.value.length === 0) return;
  filming.value = true;
  try {
    const { makeVideo } = await import('./video.ts');
    const frames = film.value;
    const video = await makeVideo(frames.map(({ picture }) => picture));
    download(video, fileName(frames.at(-1)?.step ?? 0, 'webm'));
  } catch (error) {
    problem.value = problemOf(error);
  } finally {
    filming.value = false;
  }
}

const fileName = (step: number, extension: string): string =>
  `ganvas-${settings.value.data}-${step}.${extension}`;

async function asPng(picture: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/png' });
}
