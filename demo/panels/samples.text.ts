import { translated } from '../i18n.ts';

export const samplesText = translated({
  en: {
    title: 'Samples',
    after: (steps: string) => `after ${steps} steps`,
    atATime: '64 at a time',
    grid:
      'Sixty-four pictures by the generator, in eight rows. Each keeps its place and its random ' +
      'numbers all along, so it shows how the same idea is drawn better and better.',
    gettingReady: 'Getting ready…',
    invitation: 'Press Train: 64 pictures grow here out of noise.',
    real: 'What it learns from',
    preview: (count: number) =>
      `The first ${count} pictures of the data set, as the networks see them`,
  },
  ja: {
    title: 'サンプル',
    after: (steps: string) => `${steps} ステップ後`,
    atATime: '一度に 64 枚',
    grid:
      '生成器による 64 枚の画像、8 行。どれも位置と乱数が最後まで同じなので、同じ発想がだんだん上手に' +
      '描かれていくのが分かります。',
    gettingReady: '準備しています…',
    invitation: '「学習する」を押すと、ノイズから 64 枚の画像が育ちます。',
    real: '学習に使う画像',
    preview: (count: number) => `データの最初の ${count} 枚。ネットワークが見るとおりの姿です`,
  },
});
