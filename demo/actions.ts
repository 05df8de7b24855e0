/** What buttons, files and the worker do to the state. */

import { batch, effect } from '@preact/signals';
import { download } from './download.ts';
import { type Client, connect, type News, Refusal } from './engine/client.ts';
import { problemOf } from './engine/problem.ts';
import type {
  Answer,
  DataSource,
  Question,
  QuestionName,
  TrainOptions,
} from './engine/protocol.ts';
import { followEstimates } from './estimate.ts';
import { liveKeys } from './fields.ts';
import { hashOf } from './link.ts';
import { problemText } from './panels/problem.text.ts';
import { change, type Settings } from './presets.ts';
import {
  adapter,
  brightness,
  copied,
  data,
  effort,
  film,
  filming,
  history,
  historyVersion,
  latest,
  linked,
  locked,
  lookedAt,
  phase,
  pictures,
  problem,
  progress,
  quality,
  ready,
  settings,
  stepsPerSecond,
} from './state.ts';

let worker: Client;
let job = 0;

/** Starts the engine, if there is WebGPU at all. The canvas is on the page by then. */
export function start(): void {
  if (!('gpu' in navigator) || !navigator.gpu) {
    // The worker would say so too, but a browser without WebGPU may not even start it.
    onEvent({
      type: 'unavailable',
      problem: { code: 'no-webgpu', message: problemText().missing, advice: '' },
    });
    return;
  }
  worker = connect(onEvent);
  const canvas = document.querySelector<HTMLCanvasElement>('canvas#samples');
  if (!canvas) throw new Error('The page has no canvas for the samples.');
  const offscreen = canvas.transferControlToOffscreen();
  worker.send({ type: 'canvas', canvas: offscreen }, [offscreen]);
  worker.send({ type: 'open' });

  followEstimates(worker, options);
  // The address always means the settings of now, so that copying it shares them.
  effect(() => globalThis.history.replaceState(null, '', hashOf(settings.value)));
  if (linked.unknown.length > 0) {
    const { unknownLink, unknownLinkAdvice } = problemText();
    problem.value = {
      ...{ code: 'link', message: unknownLink(linked.unknown.join(', ')) },
      advice: unknownLinkAdvice,
    };
  }

  // Pictures are read as soon as they are chosen, so that what cannot be read is known early.
  effect(() => {
    const { imageSize } = settings.value;
    if (settings.value.data === 'pictures' && pictures.value && !locked.peek()) {
      worker.send({ type: 'load', source: source(), imageSize, channels: channels() });
    }
  });
}

/** Looks for an adapter again, such as after a change of the browser's settings. */
export function openAgain(): void {
  problem.value = null;
  phase.value = 'opening';
  worker.send({ type: 'open' });
}

export function train(): void {
  if (phase.value === 'paused') {
    worker.send({ type: 'resume' });
    phase.value = 'training';
    return;
  }
  if (!ready.value || (phase.value !== 'idle' && phase.value !== 'failed')) return;
  forgetRun();
  phase.value = 'starting';
  worker.send({ type: 'train', job, source: source(), options: options(), effort: effort.value });
}

export function pause(): void {
  if (phase.value !== 'training') return;
  worker.send({ type: 'pause' });
  phase.value = 'paused';
}

export function reset(): void {
  if (!locked.value && phase.value !== 'failed') return;
  worker.send({ type: 'reset' });
  forgetRun();
  phase.value = 'idle';
}

/** Changes settings; during a run those alone that a run takes up as it goes. */
export function configure(patch: Partial<Settings>): void {
  const live = Object.keys(patch).every((key) => liveKeys.includes(key as keyof Settings));
  if (locked.value && !live) return;
  settings.value = change(settings.value, patch);
  const { lrD, lrG } = settings.value;
  if (locked.value) worker.send({ type: 'rates', lrD, lrG });
}

/** Works for this share of the time from now on, in this run and the next. */
export function throttle(share: number): void {
  effort.value = share;
  worker.send({ type: 'throttle', effort: share });
}

/** Takes files as the data set. Those that a system hides are no pictures of anybody's. */
export function choosePictures(files: readonly File[]): void {
  if (locked.value) return;
  const seen = files.filter(({ name }) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(name));
  if (seen.length === 0) {
    problem.value = {
      code: 'no-files',
      message: problemText().noFiles,
      advice: problemText().noFilesAdvice,
    };
    return;
  }
  batch(() => {
    problem.value = null;
    data.value = null;
    pictures.value = { id: (pictures.value?.id ?? 0) + 1, files: seen };
    configure({ data: 'pictures' });
  });
}

/** Puts a link with the settings of now where it can be pasted. */
export async function copyLink(): Promise<void> {
  await navigator.clipboard.writeText(location.href);
  copied.value = location.href;
}

/** Offers the run as a file to keep. */
export async function saveCheckpoint(): Promise<void> {
  const name = fileName(latest.value?.step ?? 0, 'safetensors');
  const bytes = await answerTo('checkpoint', null);
  if (bytes) download(new Blob([bytes]), name);
}

/** Offers the samples as they are looked at, now or in the past. */
export async function savePicture(): Promise<void> {
  const frame = lookedAt.value === null ? undefined : film.value[lookedAt.value];
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
    reportUnexpected(error);
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

/** Asks the worker; undefined where it refuses, which the page then shows. */
async function answerTo<Name extends QuestionName>(
  name: Name,
  question: Question<Name>,
): Promise<Answer<Name> | undefined> {
  try {
    return await worker.ask(name, question);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problem.value = error.problem;
    return undefined;
  }
}

export function dismissProblem(): void {
  problem.value = null;
}

export function reportUnexpected(error: unknown): void {
  problem.value = problemOf(error);
}

/** Events of the run so far are none of the next one's. */
function forgetRun(): void {
  batch(() => {
    job++;
    cutFilm(0);
    history.clear();
    quality.clear();
    brightness.value = null;
    historyVersion.value++;
    latest.value = null;
    stepsPerSecond.value = 0;
    problem.value = null;
    progress.value = null;
  });
}

/** The engine's options of the settings of now. */
function options(): TrainOptions {
  const { data: _data, preset: _preset, colour: _colour, fit: _fit, ...chosen } = settings.value;
  return { ...chosen, channels: channels() };
}

/** Forgets all frames but the first so many. */
function cutFilm(kept: number): void {
  for (const { url } of film.value.slice(kept)) URL.revokeObjectURL(url);
  film.value = film.value.slice(0, kept);
  if (lookedAt.value !== null && lookedAt.value >= kept) lookedAt.value = null;
}

function channels(): 1 | 3 {
  return settings.value.data !== 'mnist' && settings.value.colour ? 3 : 1;
}

function source(): DataSource {
  const { data, fit } = settings.value;
  switch (data) {
    case 'mnist':
      return { kind: 'mnist', url: beside('mnist-train-images.gz') };
    case 'pictures':
      if (!pictures.value) throw new Error('No pictures were chosen.');
      return { kind: 'pictures', ...pictures.value, fit };
    default: {
      // Persons are some of the emoji, on the same sheet.
      const sheet = beside(`${data === 'persons' ? 'emoji' : data}.png`);
      return { kind: 'atlas', name: data, sheet, cells: beside(`${data}.json`) };
    }
  }
}

/** The address of a data file: beside the page, wherever that is served from. */
const beside = (name: string): string => new URL(`data/${name}`, document.baseURI).href;

function onEvent(event: News): void {
  if ('job' in event && event.job !== job) return;
  batch(() => {
    switch (event.type) {
      case 'adapter':
        onAdapter(event.adapter.software, adapter.value === null);
        adapter.value = event.adapter;
        break;
      case 'progress':
        progress.value = event.progress;
        break;
      case 'data':
        data.value = event.data;
        progress.value = null;
        break;
      case 'training':
        phase.value = 'training';
        progress.value = null;
        break;
      case 'metrics':
        onMetrics(event);
        break;
      case 'frame': {
        const { step, picture } = event;
        film.value = [...film.value, { step, picture, url: URL.createObjectURL(picture) }];
        break;
      }
      case 'quality':
        quality.push(event);
        historyVersion.value++;
        brightness.value = event.brightness;
        break;
      case 'recovered':
        cutFilm(film.value.filter(({ step }) => step <= event.step).length);
        if (problem.value?.code === 'device-lost') problem.value = null;
        break;
      case 'unavailable':
        phase.value = 'unavailable';
        problem.value = event.problem;
        break;
      case 'data-failed':
        pictures.value = null;
        progress.value = null;
        problem.value = event.problem;
        break;
      case 'failed':
        phase.value = 'failed';
        progress.value = null;
        problem.value = event.problem;
        break;
      case 'note':
        problem.value ??= event.problem;
        break;
    }
  });
}

/** The first adapter decides the preset; one that replaces a lost one changes no settings. */
function onAdapter(software: boolean, first: boolean): void {
  if (phase.value === 'opening') phase.value = 'idle';
  if (first && !linked.chosen) {
    configure({ preset: software ? 'small' : 'full' });
  }
}

function onMetrics({ rows, stepsPerSecond: rate }: News & { type: 'metrics' }): void {
  for (const row of rows) history.push(row);
  historyVersion.value++;
  stepsPerSecond.value = rate;
  latest.value = rows.at(-1) ?? latest.value;
}
