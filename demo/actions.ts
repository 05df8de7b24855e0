/** What buttons, files and the worker do to the state. */

import dataFiles from 'virtual:data-files';
import { batch, computed, effect, untracked } from '@preact/signals';
import { followAddress } from './address.ts';
import { answerTo, noWebgpu, startWorker, worker } from './conversation.ts';
import type { News } from './engine/client.ts';
import { problemOf } from './engine/problem.ts';
import type { Beginning, DataSource, TrainOptions } from './engine/protocol.ts';
import { followEstimates } from './estimate.ts';
import { liveKeys } from './fields.ts';
import { addFrame, cutFilm } from './film.ts';
import { problemText } from './panels/problem.text.ts';
import { dataText } from './panels/setup/data-choice.text.ts';
import { change, fittingPreset, type Settings } from './presets.ts';
import {
  adapter,
  brightness,
  canvasVersion,
  chosenData,
  corners,
  data,
  effort,
  film,
  filters,
  firstCorners,
  framed,
  grid,
  gridCount,
  history,
  historyVersion,
  latents,
  latest,
  linked,
  locked,
  maps,
  phase,
  picked,
  pictures,
  problem,
  progress,
  quality,
  ready,
  savedRuns,
  savedStep,
  scores,
  settings,
  stepProfile,
  stepsPerSecond,
} from './state.ts';

let job = 0;
/** Choices of pictures so far: each has a number of its own, also after one was forgotten. */
let choices = 0;
/** Lists of runs that were asked for. */
let lists = 0;

/** Starts the engine, if there is WebGPU at all. */
export function start(): void {
  if (!('gpu' in navigator) || !navigator.gpu) {
    // The worker would say so too, but a browser without WebGPU may not even start it.
    onEvent({ type: 'unavailable', problem: noWebgpu });
    return;
  }
  startWorker(onEvent);
  worker.send({ type: 'open' });

  followEstimates(worker, options);
  followAddress();

  listRuns();
  void worker.ask('keptPictures', null).then((files) => {
    if (files.length > 0 && !pictures.value) pictures.value = { id: ++choices, files, kept: true };
  });

  // Pictures are read as soon as they are chosen: they are seen before Train, and what cannot be read is
  // known early.
  const chosen = computed(() => {
    const { data, imageSize, colour, fit } = settings.value;
    return JSON.stringify([
      data,
      imageSize,
      colour,
      data === 'pictures' && [fit, pictures.value?.id],
    ]);
  });
  effect(() => {
    if (chosen.value && ready.value && !locked.peek()) untracked(loadData);
  });
}

/** Has samples drawn on this canvas from now on. */
export function giveCanvas(canvas: HTMLCanvasElement): void {
  const offscreen = canvas.transferControlToOffscreen();
  worker.send({ type: 'canvas', canvas: offscreen }, [offscreen]);
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
  begin(options(), runName());
}

/** Starts a run of these options: a new one, or one that goes on. */
export function begin(chosen: TrainOptions, name: string, from?: Beginning): void {
  forgetRun();
  canvasVersion.value++;
  phase.value = 'starting';
  worker.send({
    ...{ type: 'train', job, source: source(), options: chosen, effort: effort.value },
    record: { name, settings: settings.value },
    ...(from && { from }),
  });
}

const runName = (): string => dataText().names[settings.value.data];

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
  // Reading may have ended with the run.
  if (ready.value && !chosenData.value) loadData();
}

/** Reads the data ahead of a run. */
function loadData(): void {
  const { imageSize } = settings.value;
  worker.send({ type: 'load', source: source(), imageSize, channels: channels() });
}

/** Changes settings; during a run those alone that a run takes up as it goes. */
export function configure(patch: Partial<Settings>): void {
  const live = Object.keys(patch).every((key) => liveKeys.includes(key as keyof Settings));
  if (locked.value && !live) return;
  settings.value = change(settings.value, patch);
  const { lrD, lrG } = settings.value;
  if (locked.value) worker.send({ type: 'rates', lrD, lrG, settings: settings.value });
}

/** Works for this share of the time from now on, in this run and the next. */
export function throttle(share: number): void {
  effort.value = share;
  worker.send({ type: 'throttle', effort: share });
}

/** As many samples from now on, in this run and the next. */
export function showSamples(count: number): void {
  gridCount.value = count;
  worker.send({ type: 'grid', count });
}

/** Shows by frames how real D takes each sample to be, or shows the samples alone. */
export function showFrames(on: boolean): void {
  framed.value = on;
  worker.send({ type: 'score', on });
}

/** Looks again at what the browser keeps. */
export function listRuns(): void {
  const list = ++lists;
  void answerTo('runs', null).then((runs) => {
    // A later list may be there already, without a run that was deleted in between.
    if (list === lists) savedRuns.value = runs ?? [];
  });
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
    pictures.value = { id: ++choices, files: seen, kept: false };
    configure({ data: 'pictures' });
  });
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
    savedStep.value = null;
    maps.value = null;
    filters.value = null;
    stepProfile.value = null;
    brightness.value = null;
    scores.value = null;
    historyVersion.value++;
    latest.value = null;
    latents.value = null;
    picked.value = null;
    corners.value = firstCorners;
    stepsPerSecond.value = 0;
    problem.value = null;
    progress.value = null;
  });
}

/** The engine's options of the settings of now. */
export function options(): TrainOptions {
  const { data: _data, preset: _preset, colour: _colour, fit: _fit, ...chosen } = settings.value;
  return { ...chosen, channels: channels() };
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
const beside = (name: string): string => new URL(dataFiles[name] ?? '', document.baseURI).href;

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
        // They may have been forgotten since.
        if (event.data.name === 'pictures' && !pictures.value) break;
        data.value = event.data;
        progress.value = null;
        break;
      case 'saved':
        savedStep.value = event.step;
        listRuns();
        break;
      case 'training':
        phase.value = 'training';
        latents.value = event.latents;
        progress.value = null;
        break;
      case 'metrics':
        onMetrics(event);
        break;
      case 'frame': {
        const { type: _, job: __, ...frame } = event;
        addFrame({ ...frame, url: URL.createObjectURL(frame.picture) });
        break;
      }
      case 'grid':
        grid.value = event.grid;
        gridCount.value = event.grid.count;
        break;
      case 'scores':
        scores.value = event.scores;
        break;
      case 'quality':
        quality.push(event);
        historyVersion.value++;
        brightness.value = event.brightness;
        break;
      case 'recovered':
        cutFilm(film.value.filter(({ step }) => step <= event.step).length);
        if (problem.value?.code === 'device-lost') problem.value = null;
        canvasVersion.value++;
        break;
      case 'unavailable':
        phase.value = 'unavailable';
        problem.value = event.problem;
        break;
      case 'data-failed':
        if (settings.value.data === 'pictures') pictures.value = null;
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
  if (first && !linked.chosen) configure({ preset: fittingPreset(software) });
}

function onMetrics({ rows, stepsPerSecond: rate }: News & { type: 'metrics' }): void {
  for (const row of rows) history.push(row);
  historyVersion.value++;
  stepsPerSecond.value = rate;
  latest.value = rows.at(-1) ?? latest.value;
}
