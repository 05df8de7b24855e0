import { translated } from '../../i18n.ts';

export const viewOptionsText = translated({
  en: { count: 'Samples shown', zoom: 'Zoom', fit: 'Fit', frames: "Frames: D's belief" },
  ja: { count: 'サンプルの数', zoom: '拡大', fit: '全体', frames: '枠：D の判定' },
});
