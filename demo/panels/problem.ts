import { type ComponentChildren, h } from 'preact';
import { dismissProblem, openAgain } from '../actions.ts';
import { adapter, phase, problem } from '../state.ts';
import { Button } from '../ui/button.ts';

/** What went wrong and what to do. The alert is always there, so that its words are read out. */
export function ProblemPanel() {
  const { value } = problem;
  return h(
    'div',
    { role: 'alert', class: 'problems' },
    value &&
      h(
        'div',
        { class: 'problem', 'data-code': value.code },
        h('h2', null, titleOf(value.code)),
        h('p', null, value.message),
        adviceOn(value.code) ?? (value.advice && h('p', null, value.advice)),
        h(
          'div',
          { class: 'buttons' },
          phase.value === 'unavailable'
            ? value.code === 'no-adapter' && h(Button, { onPress: openAgain }, 'Try again')
            : h(Button, { onPress: dismissProblem }, 'Dismiss'),
        ),
      ),
  );
}

/** A visitor without a GPU should know why the small preset was chosen. */
export function SoftwareNote() {
  if (!adapter.value?.software) return null;
  return h(
    'p',
    { class: 'note software' },
    'This browser computes WebGPU on the processor, so a small preset was chosen: digits take ' +
      "shape within minutes. With a GPU it is many times faster: turn on the browser's hardware " +
      'acceleration and update the graphics driver.',
  );
}

function titleOf(code: string): string {
  switch (code) {
    case 'no-webgpu':
      return 'WebGPU is missing';
    case 'no-adapter':
      return 'No graphics adapter was found';
    case 'device-lost':
    case 'recovery':
      return 'The graphics device was lost';
    case 'out-of-memory':
      return 'The GPU is out of memory';
    case 'limit':
      return 'That is too large for this GPU';
    case 'non-finite':
      return 'Training has gone wrong';
    default:
      return code.startsWith('data-') || code === 'no-files'
        ? 'The data cannot be used'
        : 'Something went wrong';
  }
}

/** Longer advice than an error's one line, where a visitor has something to set or install. */
function adviceOn(code: string): ComponentChildren {
  if (code === 'no-webgpu') {
    if (!isSecureContext) {
      return h(
        'p',
        null,
        'Browsers offer WebGPU to secure pages only: open this page over https:// or from ' +
          'localhost.',
      );
    }
    return h(
      'ul',
      null,
      h('li', null, 'Chrome or Edge 113 or later, on Windows, macOS, ChromeOS or Android 12'),
      h('li', null, 'Safari 26 or later'),
      h('li', null, 'Firefox 141 or later on Windows, 145 or later on a Mac with Apple silicon'),
      h(
        'li',
        null,
        'Chrome on Linux: where it is off, switch on chrome://flags/#enable-unsafe-webgpu and ' +
          'chrome://flags/#enable-vulkan',
      ),
    );
  }
  if (code === 'device-lost') {
    return h('p', null, 'Another one is being opened; training goes on from its last snapshot.');
  }
  if (code === 'no-adapter') {
    return h(
      'ul',
      null,
      h('li', null, "Turn on hardware acceleration in the browser's settings and restart it"),
      h('li', null, 'Update the graphics driver'),
      h(
        'li',
        null,
        'See what the browser says of the GPU: chrome://gpu, or about:support in Firefox',
      ),
      h(
        'li',
        null,
        'Without a GPU, Chrome can compute in software: start it with ' +
          '--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader',
      ),
    );
  }
  return null;
}
