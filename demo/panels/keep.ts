import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SavedRun } from '../engine/protocol.ts';
import { count } from '../format.ts';
import { language } from '../i18n.ts';
import { deleteRun, duplicateRun, resumeFile, resumeRun } from '../library.ts';
import { locked, phase, savedRuns, savedStep } from '../state.ts';
import { saveCheckpoint } from '../take-home.ts';
import { Button } from '../ui/button.ts';
import { keepText } from './keep.text.ts';

/** Taking the result home, and coming back to it. */
export function Keep() {
  return h('div', { class: 'keep' }, h(Checkpoint, {}), h(Runs, {}));
}

function Checkpoint() {
  const text = keepText();
  const pick = useRef<HTMLInputElement>(null);
  const able = phase.value === 'training' || phase.value === 'paused';
  return h(
    'section',
    null,
    h('p', { class: 'hint' }, text.hint),
    h('input', {
      ref: pick,
      type: 'file',
      hidden: true,
      accept: '.safetensors',
      'data-pick': 'checkpoint',
      onChange: (event: { currentTarget: HTMLInputElement }) => {
        const [file] = event.currentTarget.files ?? [];
        if (file) void resumeFile(file);
        // The same file may be chosen again.
        event.currentTarget.value = '';
      },
    }),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { inactive: !able, onPress: () => void saveCheckpoint() }, text.save),
      h(Button, { inactive: locked.value, onPress: () => pick.current?.click() }, text.open),
    ),
  );
}

function Runs() {
  const text = keepText();
  const runs = savedRuns.value;
  return h(
    'section',
    { 'aria-labelledby': 'runs-title' },
    h('h3', { id: 'runs-title' }, text.runs),
    h('p', { class: 'hint' }, text.runsHint),
    h(
      'p',
      { class: 'hint', role: 'status', 'data-saved': savedStep.value ?? 0 },
      savedStep.value !== null && text.savedAt(count(savedStep.value)),
    ),
    locked.value && runs !== null && runs.length > 0 && h('p', { class: 'note' }, text.locked),
    runs?.length === 0 && h('p', null, text.none),
    h(
      'ul',
      { class: 'runs' },
      runs?.map((run) => h(Run, { key: run.id, run })),
    ),
  );
}

function Run({ run }: { readonly run: SavedRun }) {
  const text = keepText();
  const { name, step, saved, thumbnail } = run;
  const date = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' });
  return h(
    'li',
    { class: 'run' },
    h(Thumbnail, { picture: thumbnail }),
    h(
      'div',
      null,
      h('strong', null, name),
      h('p', { class: 'hint' }, text.facts(count(step), date.format(saved))),
      h(
        'div',
        { class: 'buttons' },
        h(
          Button,
          { label: text.resume(name), inactive: locked.value, onPress: () => resumeRun(run) },
          text.resumeShort,
        ),
        h(
          Button,
          { label: text.duplicate(name), onPress: () => void duplicateRun(run) },
          text.duplicateShort,
        ),
        h(
          Button,
          {
            label: text.delete(name),
            onPress: () => {
              if (confirm(text.sure(name))) void deleteRun(run);
            },
          },
          text.deleteShort,
        ),
      ),
    ),
  );
}

function Thumbnail({ picture }: { readonly picture: Blob | undefined }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!picture) return;
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  // It shows what the words beside it say no more of: decoration to those who hear the page.
  return h('img', { class: 'thumbnail', alt: '', ...(url && { src: url }) });
}
