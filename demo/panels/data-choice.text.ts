import { translated } from '../i18n.ts';

export const dataText = translated({
  en: {
    legend: 'Learn from',
    names: {
      mnist: 'MNIST',
      emoji: 'Emoji',
      persons: 'Emoji persons',
      faces: 'Drawn faces',
      avatars: 'Pixel avatars',
      pictures: 'Your pictures',
    },
    hints: {
      mnist: '60,000 handwritten digits',
      emoji: '3,786 pictures of Noto Emoji',
      persons: '997 of them: people at work and play',
      faces: '1,000 by facesjs',
      avatars: '1,000 by DiceBear',
      pictures: 'They never leave this machine',
    },
    drop: 'Drop pictures, a folder or a zip file anywhere on the page, or',
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
    names: {
      mnist: 'MNIST',
      emoji: '絵文字',
      persons: '人の絵文字',
      faces: '描かれた顔',
      avatars: 'ドット絵アバター',
      pictures: '自分の画像',
    },
    hints: {
      mnist: '手書き数字 60,000 枚',
      emoji: 'Noto Emoji の 3,786 枚',
      persons: 'そのうち人を描いた 997 枚',
      faces: 'facesjs による 1,000 枚',
      avatars: 'DiceBear による 1,000 枚',
      pictures: 'このマシンの外には出ません',
    },
    drop: '画像、フォルダー、zip ファイルをページのどこかにドロップするか、',
    choosePictures: '画像を選ぶ',
    chooseFolder: 'フォルダーを選ぶ',
    chosen: (files: string) => `${files} 個のファイルを選びました`,
    learnFrom: (_pictures: number, shown: string) => `${shown} 枚の画像から学びます`,
    leftOut: (files: string) => `${files} 個は使えませんでした`,
    more: (files: string) => `ほか ${files} 個`,
    dropHere: '画像かフォルダーをドロップしてください',
  },
});
