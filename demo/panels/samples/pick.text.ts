import { translated } from '../../i18n.ts';

export const pickText = translated({
  en: {
    grid: 'Samples: arrow keys move, Enter picks one to look at closely',
    sample: (number: number, count: number) => `Sample ${number} of ${count}`,
    within: (sample: string, letters: string) => `${sample}, part of ${letters}`,
    invitation: 'Click a sample to look at it closely.',
    picked: (number: number) => `Sample ${number}`,
    take: 'Take as',
    takeAs: (letter: string) => `Take as ${letter}`,
    explore: 'Explore',
  },
  ja: {
    grid: 'サンプル：矢印キーで移動、Enter で選んで拡大します',
    sample: (number: number, count: number) => `サンプル ${number}（全 ${count} 枚）`,
    within: (sample: string, letters: string) => `${sample}、${letters} に使用中`,
    invitation: 'サンプルをクリックすると拡大して見られます。',
    picked: (number: number) => `サンプル ${number}`,
    take: '役割',
    takeAs: (letter: string) => `${letter} にする`,
    explore: '探索へ',
  },
});
