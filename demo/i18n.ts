/** The page's languages. Each panel keeps its words beside it, in all of them, in NAME.text.ts. */

import { effect, signal } from '@preact/signals';

export const languages = { en: 'English', ja: '日本語' } as const;
export type Language = keyof typeof languages;

const KEY = 'ganvas.language';

const isLanguage = (value: unknown): value is Language =>
  typeof value === 'string' && Object.hasOwn(languages, value);

/** What the visitor chose before, else the first of the browser's languages that there is here. */
function preferred(): Language {
  const kept = stored();
  if (kept) return kept;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find(isLanguage) ?? 'en';
}

function stored(): Language | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return isLanguage(kept) ? kept : undefined;
  } catch {
    // A browser that keeps nothing for pages refuses the very question.
    return undefined;
  }
}

export const language = signal<Language>(preferred());

/** Screen readers choose their voice by it. */
effect(() => {
  document.documentElement.lang = language.value;
});

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Then it holds until the page is closed.
  }
}

/** Words in every language. What calls the result follows the language that is chosen. */
export function translated<Texts>(
  texts: { readonly en: Texts } & Record<Exclude<Language, 'en'>, NoInfer<Texts>>,
): () => Texts {
  return () => texts[language.value];
}
