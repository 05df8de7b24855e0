import { translated } from '../i18n.ts';

export const sideText = translated({
  en: {
    label: 'About the run',
    progress: 'Progress',
    explore: 'Explore',
    machine: 'Machine',
    tour: 'How it works',
    keep: 'Keep',
  },
  ja: {
    label: '学習について',
    progress: '経過',
    explore: '探索',
    machine: '内部',
    tour: 'しくみ',
    keep: '保存',
  },
});
