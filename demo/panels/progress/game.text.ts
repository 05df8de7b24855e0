import { translated } from '../../i18n.ts';

export const gameText = translated({
  en: {
    title: 'The game',
    numbers: 'Random numbers',
    data: 'Real pictures',
    generator: 'Generator',
    draws: 'draws pictures',
    discriminator: 'Discriminator',
    judges: 'real or generated?',
    generated: 'on generated pictures',
    real: 'on real pictures',
    score:
      'With this objective the numbers are no probabilities: the higher, the more real. The generator learns ' +
      'to raise the orange number, the discriminator to keep the two apart.',
    probability:
      '1 means surely real, 0 surely generated. The generator learns to raise the orange number, the ' +
      'discriminator to keep the two apart. At ½ and ½ it can only guess: then the samples look real.',
  },
  ja: {
    title: 'ゲーム',
    numbers: '乱数',
    data: '本物の画像',
    generator: '生成器',
    draws: '画像を描く',
    discriminator: '識別器',
    judges: '本物か、生成か？',
    generated: '生成画像への判定',
    real: '本物への判定',
    score:
      'この目的関数では数は確率ではなく、高いほど本物らしいという意味です。生成器はオレンジの数を上げるように、' +
      '識別器は二つの数を引き離すように学びます。',
    probability:
      '1 は「確かに本物」、0 は「確かに生成」です。生成器はオレンジの数を上げるように、識別器は二つの数を' +
      '引き離すように学びます。両方が ½ なら識別器は当てずっぽうで、サンプルは本物らしく見えます。',
  },
});
