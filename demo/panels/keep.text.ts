import { translated } from '../i18n.ts';

export const keepText = translated({
  en: {
    save: 'Save checkpoint',
    hint:
      'A file with all of the run: both networks, what their optimisers know, the settings and the ' +
      'step. Training goes on from it, and PyTorch reads it.',
  },
  ja: {
    save: 'チェックポイントを保存',
    hint:
      '学習のすべてが入ったファイルです：二つのネットワーク、オプティマイザーの状態、設定、ステップ。' +
      'ここから学習を続けられ、PyTorch でも読めます。',
  },
});
