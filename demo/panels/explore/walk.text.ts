import { translated } from '../../i18n.ts';

export const walkText = translated({
  en: {
    arc:
      'The plane through A, B and C, with B + C − A in the fourth corner. Latents keep the length ' +
      'that normal ones have.',
    line: 'The plane through A, B and C, with B + C − A in the fourth corner.',
    how: 'Move the pointer over the map, drag a finger, or use the arrow keys.',
    map: 'Map of the plane: A top left, B top right, C bottom left. Arrow keys walk',
    mapPicture: 'Pictures all over the plane',
    toB: 'A to B',
    toC: 'A to C',
    share: (percent: number) => `${percent} %`,
    one: 'The picture at that place',
  },
  ja: {
    arc:
      'A・B・C を通る平面で、残りの角は B + C − A です。潜在ベクトルの長さは、正規分布のものと' +
      '同じくらいに保ちます。',
    line: 'A・B・C を通る平面で、残りの角は B + C − A です。',
    how: '地図の上でポインターを動かすか、指でなぞるか、矢印キーを使ってください。',
    map: '平面の地図：左上が A、右上が B、左下が C。矢印キーで歩けます',
    mapPicture: '平面のあちこちの画像',
    toB: 'A から B',
    toC: 'A から C',
    share: (percent: number) => `${percent} %`,
    one: 'その位置の画像',
  },
});
