import { translated } from '../../i18n.ts';

export const timelineText = translated({
  en: {
    label: 'Time',
    now: 'now',
    step: (step: string) => `step ${step}`,
    backToNow: 'Back to now',
    picture: 'Save picture',
    video: 'Save video',
    making: 'Making the video…',
    past: (step: string) => `The samples as they were after ${step} steps`,
  },
  ja: {
    label: '時間',
    now: '現在',
    step: (step: string) => `ステップ ${step}`,
    backToNow: '現在に戻る',
    picture: '画像を保存',
    video: '動画を保存',
    making: '動画を作成中…',
    past: (step: string) => `${step} ステップ後のサンプル`,
  },
});
