import { signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { worker } from '../../conversation.ts';
import { Refusal } from '../../engine/client.ts';
import type { Neighbours } from '../../engine/protocol.ts';
import { count } from '../../format.ts';
import { type Picked, picked, problem } from '../../state.ts';
import { Button } from '../../ui/button.ts';
import { PreviewCanvas } from '../samples/real-pictures.ts';
import { LatentCanvas } from './latent-canvas.ts';
import { nearestText } from './nearest.text.ts';

const COUNT = 8;

/** What was found, and for which sample; without answer while it is searched for. */
const found = signal<{ readonly of: Picked; readonly answer?: Neighbours } | null>(null);

async function search(sample: Picked): Promise<void> {
  const searching = { of: sample };
  found.value = searching;
  try {
    const answer = await worker.ask('neighbours', { latent: sample.latent, count: COUNT });
    if (found.value === searching) found.value = { of: sample, answer };
  } catch (error) {
    // Another search took its place, or the run has ended.
    if (found.value !== searching || picked.value !== sample) return;
    if (!(error instanceof Refusal)) throw error;
    found.value = null;
    problem.value = error.problem;
  }
}

/** Real pictures beside a sample: whether the generator has learned, or learned by heart. */
export function Nearest() {
  const text = nearestText();
  const sample = picked.value;
  useEffect(() => {
    if (sample && found.peek()?.of !== sample) void search(sample);
  }, [sample]);
  if (!sample) return h('p', { class: 'note' }, text.pick);
  const answer = found.value?.of === sample ? found.value.answer : undefined;
  return h(
    'div',
    { class: 'tool' },
    h('p', { class: 'hint' }, text.hint),
    h(
      'div',
      { class: 'nearest' },
      h(LatentCanvas, {
        ...{ count: 1, columns: 1, gap: 2, name: 'compared' },
        latents: sample.latent,
        label: text.sample(sample.index + 1),
      }),
      h(
        'div',
        { class: 'neighbours' },
        answer &&
          h(PreviewCanvas, {
            preview: answer.pictures,
            columns: COUNT / 2,
            label: text.pictures(answer.pictures.count),
          }),
      ),
    ),
    answer &&
      h(
        'p',
        { class: 'hint tabular' },
        text.distances(answer.distances.map((distance) => distance.toFixed(2)).join(', ')),
      ),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { inactive: !answer, onPress: () => void search(sample) }, text.again),
      h(
        'p',
        { class: 'hint', role: 'status' },
        answer ? text.after(count(answer.step)) : text.searching,
      ),
    ),
  );
}
