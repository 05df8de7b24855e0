import type { Problem } from '../engine/protocol.ts';
import { explainedText } from './explained.text.ts';

export interface Explained {
  readonly message: string;
  readonly advice: string;
  /** The engine's own words, in English, where they are not the message itself. */
  readonly detail: string | undefined;
}

/** A problem in the page's language, and in plain words where the engine's are for programmers. */
export function explained({ code, message, advice }: Problem): Explained {
  const texts = explainedText();
  const found = texts[code] ?? texts[code.slice(0, code.indexOf('-'))];
  if (!found) return { message, advice, detail: undefined };
  return {
    ...found,
    detail: message === found.message ? undefined : `${message} ${advice}`.trim() || undefined,
  };
}
