import { h } from 'preact';
import { useRef } from 'preact/hooks';
import { choosePictures, configure } from '../../actions.ts';
import { inOrder } from '../../files.ts';
import { count } from '../../format.ts';
import { forgetPictures } from '../../library.ts';
import { type DataKind, dataKinds } from '../../presets.ts';
import { chosenData, pictures, settings } from '../../state.ts';
import { Button } from '../../ui/button.ts';
import { dataText } from './data-choice.text.ts';

/** Names of files that could not be used, before "and so many more". */
const NAMED = 20;

export function DataChoice() {
  const { data } = settings.value;
  const text = dataText();
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', null, text.legend),
    dataKinds.map((kind) =>
      h(Choice, { key: kind, kind, title: text.names[kind], text: text.hints[kind] }),
    ),
    data === 'pictures' && h(PictureChoice, {}),
  );
}

interface ChoiceProps {
  readonly kind: DataKind;
  readonly title: string;
  readonly text: string;
}

function Choice({ kind, title, text }: ChoiceProps) {
  return h(
    'label',
    { class: 'card' },
    h('input', {
      type: 'radio',
      name: 'data',
      value: kind,
      checked: settings.value.data === kind,
      onChange: () => configure({ data: kind }),
    }),
    h('span', null, h('strong', null, title), h('span', { class: 'hint' }, text)),
  );
}

function PictureChoice() {
  const text = dataText();
  const pickFiles = useRef<HTMLInputElement>(null);
  const pickFolder = useRef<HTMLInputElement>(null);
  const take = (event: { currentTarget: HTMLInputElement }) => {
    const input = event.currentTarget;
    if (input.files && input.files.length > 0) choosePictures(inOrder(input.files));
    // The same files may be chosen again, after they have changed.
    input.value = '';
  };
  // Buttons open the dialogs: a styled file input is read out badly and shows a stale name.
  const hidden = { type: 'file', multiple: true, hidden: true, onChange: take };
  return h(
    'div',
    { class: 'drop' },
    h('input', {
      ...hidden,
      ref: pickFiles,
      'data-pick': 'files',
      accept: 'image/png,image/jpeg,image/webp,image/*,.zip',
    }),
    h('input', { ...hidden, ref: pickFolder, 'data-pick': 'folder', webkitdirectory: true }),
    h('p', null, text.drop),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { onPress: () => pickFiles.current?.click() }, text.choosePictures),
      h(Button, { onPress: () => pickFolder.current?.click() }, text.chooseFolder),
    ),
    h(Chosen, {}),
    pictures.value && h('p', { class: 'hint' }, text.keptHint),
    pictures.value &&
      h(
        'div',
        { class: 'buttons' },
        h(Button, { onPress: () => void forgetPictures() }, text.forget),
      ),
  );
}

function Chosen() {
  const text = dataText();
  const chosen = pictures.value;
  if (!chosen) return null;
  const read = chosenData.value;
  if (!read) return h('p', { class: 'chosen' }, text.chosen(count(chosen.files.length)));
  const { leftOut } = read;
  const more = leftOut.length - NAMED;
  return h(
    'div',
    { class: 'chosen' },
    h('p', null, text.learnFrom(read.count, count(read.count))),
    leftOut.length > 0 &&
      h(
        'details',
        null,
        h('summary', null, text.leftOut(count(leftOut.length))),
        h(
          'ul',
          null,
          leftOut
            .slice(0, NAMED)
            .map(({ name, reason }) =>
              h('li', { key: name }, h('strong', null, name), `: ${text.unread(reason)}`),
            ),
          more > 0 && h('li', null, text.more(count(more))),
        ),
      ),
  );
}
