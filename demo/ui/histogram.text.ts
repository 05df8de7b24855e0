import { translated } from '../i18n.ts';

export const histogramText = translated({
  en: { part: (from: string, to: string) => `${from} to ${to}` },
  ja: { part: (from: string, to: string) => `${from}～${to}` },
});
