import { translated } from '../../i18n.ts';

export const estimateText = translated({
  en: {
    title: 'What that takes',
    parameters: 'Learned numbers',
    both: (generator: string, discriminator: string) => `G ${generator}, D ${discriminator}`,
    memory: 'GPU memory',
    work: 'Work a step',
    time: 'Time a step',
    about: (time: string) => `about ${time}`,
    unknown: 'known after the first run',
  },
  ja: {
    title: '必要なもの',
    parameters: '学習する数',
    both: (generator: string, discriminator: string) => `G ${generator}、D ${discriminator}`,
    memory: 'GPU メモリー',
    work: '1 ステップの計算量',
    time: '1 ステップの時間',
    about: (time: string) => `約 ${time}`,
    unknown: '最初の学習のあとに分かります',
  },
});
