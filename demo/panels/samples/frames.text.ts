import { translated } from '../../i18n.ts';

export const framesText = translated({
  en: {
    probability: ['0: generated', '½', '1: real'] as readonly string[],
    score: ['less real', 'as real pictures on average', 'more'] as readonly string[],
    hint: 'Frames show how real the discriminator takes each sample to be.',
    averaged:
      'Samples have averaged weights (EMA), which D does not train against: it is harder on them than the ' +
      'chart of D(G(z)) says.',
    one: (number: string, value: string) => `Sample ${number}: D says ${value}`,
    taken: (taken: number, all: number) => `D takes ${taken} of ${all} samples for real.`,
    compared: (generated: string, real: string) =>
      `D's score, which is no probability: samples ${generated}, real pictures ${real} on average.`,
  },
  ja: {
    probability: ['0：生成', '½', '1：本物'],
    score: ['本物らしくない', '本物の画像の平均', 'より本物らしい'],
    hint: '枠の色は、識別器が各サンプルをどれだけ本物らしいと見ているかを示します。',
    averaged:
      'サンプルは平均した重み（EMA）で描かれます。D はこれを相手に学んでいないので、D(G(z)) のグラフより' +
      '厳しく判定します。',
    one: (number: string, value: string) => `サンプル ${number}：D の判定 ${value}`,
    taken: (taken: number, all: number) => `D は ${all} 枚中 ${taken} 枚を本物と見ています。`,
    compared: (generated: string, real: string) =>
      `D のスコア（確率ではありません）の平均：サンプル ${generated}、本物の画像 ${real}`,
  },
});
