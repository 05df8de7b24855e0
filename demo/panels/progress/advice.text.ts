import { translated } from '../../i18n.ts';

export const adviceText = translated({
  en: {
    'd-wins': {
      title: 'The discriminator wins',
      what: 'It tells nearly every picture apart with certainty, so the generator learns little from it.',
      advice:
        'Try a lower learning rate for D, label smoothing of 0.1, instance noise of 0.1, or spectral ' +
        'normalisation.',
    },
    'g-wins': {
      title: 'The discriminator is fooled',
      what: 'It takes generated pictures for more real than real ones.',
      advice: 'Try more steps of D, or a lower learning rate for G.',
    },
    collapse: {
      title: 'The samples look alike',
      what: 'They are far less varied than real pictures: the generator may have collapsed.',
      advice:
        'Wait a little: it often passes. Else start again with a lower learning rate, another ' +
        'objective such as hinge or Wasserstein, or spectral normalisation.',
    },
  },
  ja: {
    'd-wins': {
      title: '識別器が勝っています',
      what: 'ほぼすべての画像を確信をもって見分けるため、生成器が学べることがほとんどありません。',
      advice:
        'D の学習率を下げる、ラベル平滑化 0.1、インスタンスノイズ 0.1、スペクトル正規化などを試してください。',
    },
    'g-wins': {
      title: '識別器がだまされています',
      what: '生成された画像のほうを本物より本物らしいと判断しています。',
      advice: 'D のステップ数を増やすか、G の学習率を下げてみてください。',
    },
    collapse: {
      title: 'サンプルが似通っています',
      what: '本物の画像よりずっと変化に乏しく、生成器が崩壊しているかもしれません。',
      advice:
        '少し待てば直ることもよくあります。直らなければ学習率を下げる、ヒンジやワッサースタインなど別の' +
        '目的関数にする、スペクトル正規化を使うなどして、やり直してください。',
    },
  },
});
