/**
 * The engine's side of the page. It has a thread of its own, so that neither compiling nor encoding
 * nor decoding pictures ever keeps the page from answering.
 */

import { answer } from './answers.ts';
import { DataLoader } from './data-loader.ts';
import { problemOf } from './problem.ts';
import type { Event, Question, QuestionName, Request } from './protocol.ts';
import { Run } from './run.ts';
import { Studio } from './studio.ts';

const post = (event: Event, transfer: Transferable[] = []) => self.postMessage(event, { transfer });

const studio = new Studio(post);

async function reply<Name extends QuestionName>(
  id: number,
  name: Name,
  question: Question<Name>,
): Promise<void> {
  try {
    const answered = await answer(studio, name, question);
    post({ type: 'answer', id, answer: answered.answer }, answered.transfer);
  } catch (error) {
    post({ type: 'refusal', id, problem: problemOf(error) });
  }
}

function handle(request: Request): void {
  switch (request.type) {
    case 'canvas':
      studio.canvas = request.canvas;
      studio.run?.show?.moveTo(request.canvas);
      break;
    case 'open':
      studio
        .engine()
        .catch((error: unknown) => post({ type: 'unavailable', problem: problemOf(error) }));
      break;
    case 'load':
      studio.loader
        .load(request.source, request.imageSize, request.channels)
        .catch((error: unknown) => {
          if (!DataLoader.superseded(error)) {
            post({ type: 'data-failed', problem: problemOf(error) });
          }
        });
      break;
    case 'train':
      new Run(studio, request);
      break;
    case 'throttle':
      studio.run?.throttle(request.effort);
      break;
    case 'grid':
      studio.gridCount = request.count;
      studio.run?.show?.resize();
      break;
    case 'score':
      studio.scoring = request.on;
      studio.run?.show?.settle();
      break;
    case 'rates':
      studio.run?.setLearningRates(request, request.settings);
      break;
    case 'pause':
      studio.run?.pause();
      break;
    case 'resume':
      studio.run?.resume();
      break;
    case 'open-view':
      studio.explorer.open(request.view, request.canvas, request.layout);
      break;
    case 'show':
      studio.explorer.show(request.view, request.latents);
      studio.run?.giveWay();
      break;
    case 'close-view':
      studio.explorer.close(request.view);
      break;
    case 'reset':
      studio.run?.end();
      studio.loader.cancel();
      break;
    case 'ask':
      void reply(request.id, request.name, request.question);
      break;
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Request>) => handle(data));
// The page would else take a worker that goes on for one that did not load.
self.addEventListener('error', (event) => {
  event.preventDefault();
  post({ type: 'note', problem: problemOf(event.error ?? event.message) });
});
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  post({ type: 'note', problem: problemOf(event.reason) });
});
