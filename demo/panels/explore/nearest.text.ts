import { translated } from '../../i18n.ts';

export const nearestText = translated({
  en: {
    pick: 'Click a sample to find the real pictures nearest to it.',
    hint:
      'The nearest of all pictures of the data set, by Euclidean distance of their pixels (from 0 to 1). ' +
      'An exact copy would be at distance 0.',
    pictures: (count: number) => `The ${count} nearest real pictures, the nearest first`,
    sample: (number: number) => `Sample ${number}`,
    distances: (distances: string) => `Distances, row by row: ${distances}.`,
    after: (step: string) => `Searched after step ${step}.`,
    searching: 'Searching…',
    again: 'Search again',
  },
  ja: {
    pick: 'サンプルをクリックすると、それに最も近い実画像を探します。',
    hint:
      'データの全画像のうち、画素値（0〜1）のユークリッド距離が最も小さいものです。' +
      '丸写しのサンプルなら距離は 0 になります。',
    pictures: (count: number) => `最も近い実画像 ${count} 枚。近い順です`,
    sample: (number: number) => `サンプル ${number}`,
    distances: (distances: string) => `距離（左上から順に）：${distances}`,
    after: (step: string) => `ステップ ${step} で探しました。`,
    searching: '探しています…',
    again: 'もう一度探す',
  },
});
