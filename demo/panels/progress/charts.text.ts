import { translated } from '../../i18n.ts';

export const chartsText = translated({
  en: {
    losses: 'Losses',
    discriminator: 'Discriminator',
    generator: 'Generator',
    belief: 'How real the discriminator thinks it is',
    real: 'Real, D(x)',
    fake: 'Generated, D(G(z))',
    gradients: 'Gradient norms',
    quality: 'Samples beside real pictures',
    diversity: 'Diversity (real: 1)',
    distance: 'Sliced Wasserstein distance',
    brightness: 'Mean brightness of a picture',
    logits: "D's logit of a picture",
    scores: "D's score of a picture",
    realPictures: 'Real pictures',
    samples: 'Samples',
    log: 'Logarithmic scale',
    hint:
      'Bold lines are smoothed. The generator draws; the discriminator tells its pictures from real ' +
      'ones, 1 being surely real. Each learns from the other. Losses that go up and down are normal; ' +
      'lines that part for good mean that one of them has won, and that learning has stopped.',
  },
  ja: {
    losses: '損失',
    discriminator: '識別器',
    generator: '生成器',
    belief: '識別器が本物らしいと思う度合い',
    real: '本物 D(x)',
    fake: '生成 D(G(z))',
    gradients: '勾配のノルム',
    quality: 'サンプルと本物の比較',
    diversity: '多様さ（本物：1）',
    distance: 'スライス・ワッサースタイン距離',
    brightness: '画像の平均の明るさ',
    logits: '画像に対する D のロジット',
    scores: '画像に対する D のスコア',
    realPictures: '本物の画像',
    samples: 'サンプル',
    log: '対数目盛り',
    hint:
      '太い線は平滑化した値です。生成器が描き、識別器がそれを本物と見分けます（1 は「確かに本物」）。' +
      '互いに相手から学びます。損失の上下は正常です。二本の線が離れたままなら、片方が勝ってしまい、' +
      '学習が止まったということです。',
  },
});
