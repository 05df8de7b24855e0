import { translated } from '../../i18n.ts';

export const samplesText = translated({
  en: {
    title: 'Samples',
    enlarged: 'Enlarged samples',
    after: (steps: string) => `after ${steps} steps`,
    atATime: (count: number) => `${count} at a time`,
    grid: (count: number, rows: number) =>
      `${count} pictures by the generator, in ${rows} rows. Each keeps its place and its random ` +
      'numbers all along, so it shows how the same idea is drawn better and better.',
    gettingReady: 'Getting ready…',
    none: 'No samples without WebGPU.',
    choose: 'Choose pictures first: then samples like them grow here.',
    invitation: (count: number) => `Press Train: ${count} pictures grow here out of noise.`,
  },
  ja: {
    title: 'サンプル',
    enlarged: '拡大したサンプル',
    after: (steps: string) => `${steps} ステップ後`,
    atATime: (count: number) => `一度に ${count} 枚`,
    grid: (count: number, rows: number) =>
      `生成器による ${count} 枚の画像、${rows} 行。どれも位置と乱数が最後まで同じなので、同じ発想が` +
      'だんだん上手に描かれていくのが分かります。',
    gettingReady: '準備しています…',
    none: 'WebGPU がないため、サンプルは描けません。',
    choose: '先に画像を選んでください。それに似たサンプルがここに育ちます。',
    invitation: (count: number) => `「学習する」を押すと、ノイズから ${count} 枚の画像が育ちます。`,
  },
});
