import { h } from 'preact';
import { count } from '../../format.ts';
import { film, filming, lookedAt, lookedFrame } from '../../state.ts';
import { savePicture, saveVideo } from '../../take-home.ts';
import { Button } from '../../ui/button.ts';
import { Slider } from '../../ui/slider.ts';
import { timelineText } from './timeline.text.ts';

/** Goes back in the run, and takes pictures of it home. Training goes on meanwhile. */
export function Timeline() {
  const text = timelineText();
  const frames = film.value;
  if (frames.length === 0) return null;
  const at = lookedAt.value ?? frames.length;
  const frame = frames[at];
  const said = frame ? text.step(count(frame.step)) : text.now;
  return h(
    'div',
    { class: 'timeline' },
    h(Slider, {
      label: text.label,
      // One place more than there are frames: the last is now, and follows the run.
      max: frames.length,
      value: at,
      said,
      onChoose: (place) => {
        lookedAt.value = place < film.value.length ? place : null;
      },
    }),
    h(
      'div',
      { class: 'buttons' },
      frame &&
        h(
          Button,
          {
            onPress: () => {
              lookedAt.value = null;
            },
          },
          text.backToNow,
        ),
      h(Button, { onPress: () => void savePicture() }, text.picture),
      h(
        Button,
        { inactive: filming.value, onPress: () => void saveVideo() },
        filming.value ? text.making : text.video,
      ),
    ),
  );
}

/** What was to be seen then, over the canvas of now. */
export function Past() {
  const frame = lookedFrame.value;
  if (!frame) return null;
  return h('img', { class: 'past', src: frame.url, alt: timelineText().past(count(frame.step)) });
}
