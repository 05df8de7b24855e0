import { translated } from '../../i18n.ts';

export const framesText = translated({
  en: {
    probability: ['0: generated', '½', '1: real'] as readonly string[],
    score: ['less real', 'as real pictures on average', 'more'] as readonly string[],
    hint: 'Frames show how real the discriminator takes each sample to be.',
    averaged:
      'Shown: pictures by the average of recent generators (EMA). Judged: what the newest one draws from the ' +
      'same random numbers, as in training.',
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
      '表示は最近の生成器の平均（EMA）が描く画像です。判定は、学習のときと同じく、最新の生成器が同じ乱数から' +
      '描く画像に対するものです。',
    one: (number: string, value: string) => `サンプル ${number}：D の判定 ${value}`,
    taken: (taken: number, all: number) => `D は ${all} 枚中 ${taken} 枚を本物と見ています。`,
    compared: (generated: string, real: string) =>
      `D のスコア（確率ではありません）の平均：サンプル ${generated}、本物の画像 ${real}`,
  },
});
