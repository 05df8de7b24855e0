import { translated } from '../i18n.ts';

export const dataText = translated({
  en: {
    legend: 'Learn from',
    mnist: 'MNIST',
    mnistHint: '60,000 handwritten digits',
    pictures: 'Your pictures',
    picturesHint: 'They never leave this machine',
    drop: 'Drop pictures or a folder anywhere on the page, or',
    choosePictures: 'Choose pictures',
    chooseFolder: 'Choose folder',
    chosen: (files: string) => `${files} files chosen`,
    learnFrom: (pictures: number, shown: string) =>
      `${shown} ${pictures === 1 ? 'picture' : 'pictures'} to learn from`,
    leftOut: (files: string) => `${files} left out`,
    more: (files: string) => `and ${files} more`,
    dropHere: 'Drop pictures or a folder',
  },
  ja: {
    legend: '学習に使うデータ',
    mnist: 'MNIST',
    mnistHint: '手書き数字 60,000 枚',
    pictures: '自分の画像',
    picturesHint: 'このマシンの外には出ません',
    drop: '画像かフォルダーをページのどこかにドロップするか、',
    choosePictures: '画像を選ぶ',
    chooseFolder: 'フォルダーを選ぶ',
    chosen: (files: string) => `${files} 個のファイルを選びました`,
    learnFrom: (_pictures: number, shown: string) => `${shown} 枚の画像から学びます`,
    leftOut: (files: string) => `${files} 個は使えませんでした`,
    more: (files: string) => `ほか ${files} 個`,
    dropHere: '画像かフォルダーをドロップしてください',
  },
});
