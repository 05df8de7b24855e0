import { translated } from '../../i18n.ts';

export const chartsText = translated({
  en: {
    losses: 'Losses',
    lossesHint: 'What each network makes small. Ups and downs are normal: each answers the other.',
    discriminator: 'Discriminator',
    generator: 'Generator',
    belief: 'What the discriminator says',
    beliefHint:
      '1: surely real. Lines that meet near ½ are good; lines far apart for long mean that it has won.',
    real: 'Real, D(x)',
    fake: 'Generated, D(G(z))',
    gradients: 'Gradient norms',
    gradientsHint:
      'How strongly each network is corrected. Near 0 it learns no more; leaps are unstable.',
    quality: 'Samples beside real pictures',
    qualityHint:
      'Good samples are as varied as real pictures (1), at a small distance from them (0). Larger pictures are compared at 32×32.',
    diversity: 'Diversity (real: 1)',
    distance: 'Sliced Wasserstein distance',
    brightness: 'Mean brightness of a picture',
    brightnessHint: 'From black (0) to white (1). Both shapes should become alike.',
    logits: "D's logit of a picture",
    logitsHint:
      'Above 0, right of the dashed line, D takes it for real. Far apart, D tells them all.',
    scores: "D's score of a picture",
    scoresHint: 'The further right, the more real. Far apart, D tells them all.',
    realPictures: 'Real pictures',
    samples: 'Samples',
    log: 'Logarithmic scale',
    hint: 'Along all charts run the steps. Bold lines are smoothed.',
  },
  ja: {
    losses: '損失',
    lossesHint:
      '各ネットワークが小さくしようとする値です。互いに応じ合うので、上下するのが普通です。',
    discriminator: '識別器',
    generator: '生成器',
    belief: '識別器の判定',
    beliefHint: '1 は「確かに本物」。½ 付近で近づけば順調、離れたままなら識別器の勝ちです。',
    real: '本物 D(x)',
    fake: '生成 D(G(z))',
    gradients: '勾配のノルム',
    gradientsHint:
      '各ネットワークへの修正の強さです。0 に近ければ学習は止まり、急に跳ねれば不安定です。',
    quality: 'サンプルと本物の比較',
    qualityHint:
      '良いサンプルは本物と同じくらい多様で（1）、本物との距離が小さくなります（0）。大きな画像は 32×32 に縮めて比べます。',
    diversity: '多様さ（本物：1）',
    distance: 'スライス・ワッサースタイン距離',
    brightness: '画像の平均の明るさ',
    brightnessHint: '黒（0）から白（1）まで。二つの形は似てくるはずです。',
    logits: '画像に対する D のロジット',
    logitsHint: '0（破線）より右なら D は本物と見ています。離れているほど、よく見分けています。',
    scores: '画像に対する D のスコア',
    scoresHint: '右ほど本物らしいと見ています。離れているほど、よく見分けています。',
    realPictures: '本物の画像',
    samples: 'サンプル',
    log: '対数目盛り',
    hint: 'どのグラフも横軸はステップです。太い線は平滑化した値です。',
  },
});
