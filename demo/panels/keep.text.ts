import { translated } from '../i18n.ts';

export const keepText = translated({
  en: {
    save: 'Save checkpoint',
    open: 'Open checkpoint',
    hint:
      'A file with all of the run: both networks, what their optimisers know, the settings and the ' +
      'step. Training goes on from it, and PyTorch reads it.',
    runs: 'Runs in this browser',
    runsHint: 'A run is kept when it is paused, when it ends, and every 45 seconds meanwhile.',
    none: 'None yet.',
    savedAt: (step: string) => `Kept after step ${step}.`,
    facts: (step: string, date: string) => `${step} steps, ${date}`,
    resume: (name: string) => `Go on with ${name}`,
    duplicate: (name: string) => `Duplicate ${name}`,
    delete: (name: string) => `Delete ${name}`,
    resumeShort: 'Go on',
    duplicateShort: 'Duplicate',
    deleteShort: 'Delete',
    sure: (name: string) => `Delete ${name} for good?`,
    copyOf: (name: string) => `Copy of ${name}`,
    picturesGone: 'That run needs your own pictures: choose the same ones first.',
    locked: 'Reset the run first to go on with another.',
  },
  ja: {
    save: 'チェックポイントを保存',
    open: 'チェックポイントを開く',
    hint:
      '学習のすべてが入ったファイルです：二つのネットワーク、オプティマイザーの状態、設定、ステップ。' +
      'ここから学習を続けられ、PyTorch でも読めます。',
    runs: 'このブラウザーにある学習',
    runsHint: '一時停止したとき、終わったとき、そして学習中は 45 秒ごとに保存されます。',
    none: 'まだありません。',
    savedAt: (step: string) => `ステップ ${step} まで保存しました。`,
    facts: (step: string, date: string) => `${step} ステップ、${date}`,
    resume: (name: string) => `「${name}」を続ける`,
    duplicate: (name: string) => `「${name}」を複製する`,
    delete: (name: string) => `「${name}」を削除する`,
    resumeShort: '続ける',
    duplicateShort: '複製',
    deleteShort: '削除',
    sure: (name: string) => `「${name}」を完全に削除しますか？`,
    copyOf: (name: string) => `${name} のコピー`,
    picturesGone: 'この学習には自分の画像が必要です。先に同じ画像を選んでください。',
    locked: '別の学習を続けるには、先に「リセット」を押してください。',
  },
});
