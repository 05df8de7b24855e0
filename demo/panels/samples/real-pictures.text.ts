import { translated } from '../../i18n.ts';

export const realPicturesText = translated({
  en: {
    title: 'What it learns from',
    preview: (count: number) =>
      `The first ${count} pictures of the data set, as the networks see them`,
  },
  ja: {
    title: '学習に使う画像',
    preview: (count: number) => `データの最初の ${count} 枚。ネットワークが見るとおりの姿です`,
  },
});
