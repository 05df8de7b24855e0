/** The page's address always means the settings of now, so that copying it shares them. */

import { effect } from '@preact/signals';
import { hashOf, settingsOf } from './link.ts';
import { problemText } from './panels/problem.text.ts';
import { change, fittingPreset } from './presets.ts';
import { adapter, linked, locked, problem, settings } from './state.ts';

/** Keeps the address and the settings together from now on. */
export function followAddress(): void {
  effect(tellSettings);
  addEventListener('hashchange', followLink);
  tellUnknown(linked.unknown);
}

const tellSettings = (): void => history.replaceState(null, '', hashOf(settings.value));

/** Takes up a link that was put into the address of the open page. It changes no run that is going on. */
function followLink(): void {
  if (locked.value) {
    tellSettings();
    return;
  }
  const { settings: found, chosen, unknown } = settingsOf(location.hash);
  const preset = fittingPreset(adapter.value?.software ?? true);
  settings.value = chosen ? found : change(found, { preset });
  tellUnknown(unknown);
}

/** Says which parts of a link mean nothing here. */
function tellUnknown(parts: readonly string[]): void {
  if (parts.length === 0) return;
  const { unknownLink, unknownLinkAdvice } = problemText();
  problem.value = {
    ...{ code: 'link', message: unknownLink(parts.join(', ')) },
    advice: unknownLinkAdvice,
  };
}
