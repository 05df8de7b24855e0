import { translated } from '../i18n.ts';

export const headerText = translated({
  en: {
    title: 'Ganvas: watch a GAN learn in this tab',
    tagline: 'Two networks teach each other to draw, on your GPU, in this tab.',
    adapter: 'Adapter',
    none: 'none',
    unnamed: 'unnamed',
    looking: 'looking…',
    software: 'software',
    language: 'Language',
  },
  ja: {
    title: 'Ganvas：このタブで GAN の学習を見る',
    tagline: '二つのネットワークが、お使いの GPU で、互いに教え合いながら絵を学びます。',
    adapter: 'アダプター',
    none: 'なし',
    unnamed: '名前なし',
    looking: '検索中…',
    software: 'ソフトウェア',
    language: '言語',
  },
});
