import { translated } from '../i18n.ts';

export const lineChartText = translated({
  en: { step: (step: string) => `step ${step}` },
  ja: { step: (step: string) => `ステップ ${step}` },
});
