import { translated } from '../i18n.ts';

export const setupText = translated({
  en: {
    title: 'Set-up',
    fixed: 'Fixed during a run: press Reset to change it.',
    yourPictures: 'your pictures',
    summary: (data: string, size: number, width: number, batch: number) =>
      `${data}, ${size}×${size}, width ${width}, batch ${batch}`,
    preset: 'Preset',
    presets: { small: 'Small and quick', full: 'Full size', custom: 'Custom' },
    ownNumbers: 'Your own numbers.',
    fits: 'Fits this adapter. ',
    presetHint: (rate: number, latent: number) =>
      `Learning rate ${rate}, ${latent} latent numbers.`,
    imageSize: 'Image size',
    width: 'Width',
    batch: 'Batch',
    modelHint:
      'Width is the number of feature maps at full resolution; batch, the pictures of one step.',
    more: 'More settings',
    learningRate: 'Learning rate',
    latentSize: 'Latent size',
    averaging: 'Averaging (EMA)',
    seed: 'Seed',
    mirror: 'Mirror pictures at random',
    mirrorHint: 'Doubles a small set of faces; spoils letters and digits.',
    colour: 'Colour',
  },
  ja: {
    title: '設定',
    fixed: '学習中は変えられません。変えるには「リセット」を押してください。',
    yourPictures: '自分の画像',
    summary: (data: string, size: number, width: number, batch: number) =>
      `${data}、${size}×${size}、幅 ${width}、バッチ ${batch}`,
    preset: 'プリセット',
    presets: { small: '小さくて速い', full: 'フルサイズ', custom: 'カスタム' },
    ownNumbers: '自分で決めた値です。',
    fits: 'このアダプターに合います。',
    presetHint: (rate: number, latent: number) => `学習率 ${rate}、潜在変数 ${latent} 個。`,
    imageSize: '画像サイズ',
    width: '幅',
    batch: 'バッチ',
    modelHint: '幅は最大解像度での特徴マップの数、バッチは 1 ステップの画像の枚数です。',
    more: 'その他の設定',
    learningRate: '学習率',
    latentSize: '潜在変数の数',
    averaging: '重みの平均（EMA）',
    seed: 'シード',
    mirror: '画像をランダムに左右反転する',
    mirrorHint: '少ない顔画像は実質 2 倍になります。文字や数字には向きません。',
    colour: 'カラー',
  },
});
