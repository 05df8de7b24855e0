import { translated } from '../../i18n.ts';

export const mixText = translated({
  en: {
    arc:
      'From A to B in equal steps of the angle (spherical interpolation): normal latents lie near a ' +
      'sphere, and the straight line between two of them would leave it.',
    line:
      'From A to B along the straight line: these latents are uniform, so what is between two of them ' +
      'is as likely as they are. The arc suits normal ones.',
    strip: (count: number) => `${count} pictures on the way from A to B`,
    place: 'Place',
    share: (percent: number) => `${percent} %`,
    one: 'The picture at that place',
  },
  ja: {
    arc:
      'A から B まで角度を等分して進みます（球面線形補間）。正規分布の潜在ベクトルは球面の近くにあり、' +
      '二点を結ぶ直線はそこから離れてしまうためです。',
    line:
      'A から B まで直線上を進みます。この潜在ベクトルは一様分布なので、二点の間も同じくらいありうる値です。' +
      '円弧が向くのは正規分布の場合です。',
    strip: (count: number) => `A から B までの途中の ${count} 枚`,
    place: '位置',
    share: (percent: number) => `${percent} %`,
    one: 'その位置の画像',
  },
});
