import { translated } from '../../i18n.ts';

export const setupText = translated({
  en: {
    title: 'Set-up',
    fixed: 'Most of it is fixed during a run: press Reset to change it.',
    summary: (data: string, size: number, width: number, batch: number) =>
      `${data}, ${size}×${size}, width ${width}, batch ${batch}`,
    preset: 'Preset',
    presets: { small: 'Small and quick', full: 'Full size', custom: 'Custom' },
    ownNumbers: 'Your own numbers.',
    fits: 'Fits this adapter. ',
    presetHint: (rate: number, latent: number) =>
      `Learning rate ${rate}, ${latent} latent numbers.`,
    modelHint:
      'Width is the number of feature maps at full resolution; batch, the pictures of one step.',
    more: 'More settings',
    effort: 'Effort',
    efforts: { 1: 'Full', 0.5: 'Half', 0.25: 'A quarter' },
    effortHint: 'Less keeps the machine cooler and its battery fuller.',
    copyLink: 'Copy link',
    copied: 'Copied: whoever opens it finds these settings.',
  },
  ja: {
    title: '設定',
    fixed: '学習中はほとんど変えられません。変えるには「リセット」を押してください。',
    summary: (data: string, size: number, width: number, batch: number) =>
      `${data}、${size}×${size}、幅 ${width}、バッチ ${batch}`,
    preset: 'プリセット',
    presets: { small: '小さくて速い', full: 'フルサイズ', custom: 'カスタム' },
    ownNumbers: '自分で決めた値です。',
    fits: 'このアダプターに合います。',
    presetHint: (rate: number, latent: number) => `学習率 ${rate}、潜在変数 ${latent} 個。`,
    modelHint: '幅は最大解像度での特徴マップの数、バッチは 1 ステップの画像の枚数です。',
    more: 'その他の設定',
    effort: '稼働率',
    efforts: { 1: '最大', 0.5: '半分', 0.25: '四分の一' },
    effortHint: '下げると発熱と電池の消費を抑えます。',
    copyLink: 'リンクをコピー',
    copied: 'コピーしました。開いた人にも同じ設定が出ます。',
  },
});
