/** Settings in the page's address, so that a link shares them. */

import { fields, parseField } from './fields.ts';
import { change, dataKinds, initialSettings, type PresetName, type Settings } from './presets.ts';

const presets: readonly PresetName[] = ['small', 'full', 'custom'];

/** What of a link could be used, and which parts of it mean nothing here. */
export interface Linked {
  readonly settings: Settings;
  /** Whether it says anything of the model: then no preset is chosen for the visitor. */
  readonly chosen: boolean;
  readonly unknown: readonly string[];
}

/** Reads the part of an address behind its #. */
export function settingsOf(hash: string): Linked {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const unknown: string[] = [];
  let settings = initialSettings;
  let chosen = false;
  for (const [key, text] of given) {
    const data = key === 'data' && dataKinds.find((name) => name === text);
    if (data) {
      settings = change(settings, { data });
      continue;
    }
    const preset = key === 'preset' && presets.find((name) => name === text);
    if (preset) {
      settings = change(settings, { preset });
      chosen = true;
    } else if (!fields.some((field) => field.key === key)) unknown.push(`${key}=${text}`);
  }
  // As they stand there: the choices that bring others along were made before.
  const patch: Record<string, string | number | boolean> = {};
  for (const field of fields) {
    const text = given.get(field.key);
    if (text === null) continue;
    const value = parseField(field, text);
    if (value === undefined) unknown.push(`${field.key}=${text}`);
    else patch[field.key] = value;
  }
  if (Object.keys(patch).length > 0) {
    settings = { ...settings, ...(patch as Partial<Settings>), preset: 'custom' };
    chosen = true;
  }
  return { settings, chosen, unknown };
}

/**
 * The shortest such part that means these settings. A visitor's own pictures are no part of it: they
 * are on one machine only, and whoever opens it gives others.
 */
export function hashOf(settings: Settings): string {
  const said = new URLSearchParams();
  if (settings.data !== initialSettings.data) said.set('data', settings.data);
  if (settings.preset !== 'custom') said.set('preset', settings.preset);
  else {
    for (const { key } of fields) {
      const value = settings[key];
      if (value !== initialSettings[key]) {
        said.set(key, typeof value === 'boolean' ? String(Number(value)) : String(value));
      }
    }
    if (said.size === 0) said.set('preset', 'custom');
  }
  return `#${said}`;
}
