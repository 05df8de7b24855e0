import { translated } from '../../i18n.ts';

export const arithmeticText = translated({
  en: {
    hint:
      'The mean of A less that of B, plus that of C. With a man with glasses, a man and a woman, the ' +
      'paper got a woman with glasses (Radford, Metz and Chintala 2016). Means of three samples each ' +
      'work better than single ones.',
    result: 'The result, enlarged',
    around: 'The result in the middle, and eight latents near it: noise of up to ±0.25 is added',
    resultTitle: 'Result',
    aroundTitle: 'Near it (noise of ±0.25)',
  },
  ja: {
    hint:
      'A の平均から B の平均を引き、C の平均を足します。論文では「眼鏡の男性 − 男性 + 女性」が眼鏡の女性に' +
      'なりました（Radford, Metz, Chintala 2016）。一枚ずつより、三枚ずつの平均の方がうまくいきます。',
    result: '結果の拡大',
    around: '中央が結果、まわりは ±0.25 までのノイズを加えた八つの潜在ベクトル',
    resultTitle: '結果',
    aroundTitle: 'その近く（±0.25 のノイズ）',
  },
});
