import type { FieldKey, GroupName } from '../../fields.ts';
import { translated } from '../../i18n.ts';

interface Words {
  readonly label: string;
  /** One line on what it does. */
  readonly hint?: string;
  /** Of choices whose values are no words for a visitor. */
  readonly options?: Readonly<Record<string, string>>;
}

interface FieldsText {
  readonly groups: Record<GroupName, string>;
  readonly fields: Record<FieldKey, Words>;
}

export const fieldsText = translated<FieldsText>({
  en: {
    groups: {
      learning: 'Learning',
      game: 'The game',
      regularisers: 'Regularisers',
      networks: 'Networks',
      chance: 'Data and chance',
    },
    fields: {
      colour: { label: 'Colour' },
      fit: {
        label: 'Pictures that are not square',
        options: { cover: 'Cut to the centre', contain: 'Show whole, on white', fill: 'Stretch' },
      },
      imageSize: { label: 'Image size' },
      width: { label: 'Width' },
      batchSize: { label: 'Batch' },
      lrD: { label: 'Learning rate of D', hint: 'Can change during a run.' },
      lrG: { label: 'Learning rate of G', hint: 'Can change during a run.' },
      optimiser: {
        label: 'Optimiser',
        hint: 'What turns gradients into steps.',
        options: { adam: 'Adam', sgd: 'SGD with momentum', rmsprop: 'RMSProp' },
      },
      beta1: { label: 'β1', hint: "How long Adam's gradients are remembered; SGD's momentum." },
      weightDecay: { label: 'Weight decay', hint: 'Pulls weights to 0; Adam becomes AdamW.' },
      ema: {
        label: 'Averaging (EMA)',
        hint: 'Samples come from an average of past generators; 0 for the newest one.',
      },
      lrSchedule: {
        label: 'Schedule',
        hint: 'How the learning rates change over the run.',
        options: {
          constant: 'None',
          linear: 'Linear, to 0',
          cosine: 'Cosine, to 0',
          exponential: 'Exponential',
          step: 'In steps',
        },
      },
      lrSteps: { label: 'Steps of the schedule', hint: 'Over so many steps; 0 without one.' },
      lrGamma: { label: 'Factor of the schedule', hint: 'Of the last two kinds.' },
      accumulate: {
        label: 'Parts of a batch',
        hint: 'More parts need less memory: gradients are added up.',
      },
      objective: {
        label: 'Objective',
        hint: 'What the two networks want of each other.',
        options: {
          original: 'Original GAN',
          'least-squares': 'Least squares',
          hinge: 'Hinge',
          wasserstein: 'Wasserstein',
          'f-gan-kl': 'f-GAN: KL',
          'f-gan-reverse-kl': 'f-GAN: reverse KL',
          'f-gan-pearson': 'f-GAN: Pearson χ²',
          'f-gan-hellinger': 'f-GAN: squared Hellinger',
          'f-gan-jensen-shannon': 'f-GAN: Jensen–Shannon',
          'f-gan-gan': 'f-GAN: GAN',
          'mmd-gaussian': 'MMD, Gaussian kernels',
          'mmd-rational-quadratic': 'MMD, rational quadratic kernels',
        },
      },
      generatorLoss: {
        label: 'Generator loss',
        hint: 'Non-saturating learns even while it loses.',
        options: {
          'non-saturating': 'Non-saturating',
          minimax: 'Minimax',
          'maximum-likelihood': 'Maximum likelihood',
        },
      },
      dSteps: { label: 'Steps of D', hint: 'Discriminator updates for each of the generator.' },
      labelSmoothing: {
        label: 'Label smoothing',
        hint: 'Real pictures count as real by so much less, so D is less sure.',
      },
      freshLatent: {
        label: 'Fresh latents',
        hint: "The generator's update draws numbers of its own.",
      },
      mixedBatch: {
        label: 'Mixed batch',
        hint: 'D sees real and generated pictures in one batch.',
      },
      normD: {
        label: 'Normalisation of D',
        hint: 'Batch-norm is usual; spectral normalisation bounds how fast D changes.',
        options: { batch: 'Batch-norm', spectral: 'Spectral', none: 'None' },
      },
      spectralNormG: { label: 'Spectral normalisation of G', hint: 'Beside its batch-norm.' },
      augment: {
        label: 'Augmentation (DiffAugment)',
        hint: 'Changes all that D sees at random: for small sets of pictures.',
        options: {
          none: 'None',
          color: 'Colour',
          translation: 'Translation',
          cutout: 'Cutout',
          'color,translation': 'Colour, translation',
          'color,cutout': 'Colour, cutout',
          'translation,cutout': 'Translation, cutout',
          'color,translation,cutout': 'Colour, translation, cutout',
        },
      },
      model: {
        label: 'Kind',
        hint: 'Convolutional, or fully connected as in 2014.',
        options: { dcgan: 'DCGAN', 'fully-connected': 'Original GAN' },
      },
      gradientPenalty: {
        label: 'Gradient penalty',
        hint: 'λ of WGAN-GP, usually 10. Not with batch-norm.',
      },
      r1: {
        label: 'R1',
        hint: 'γ of the penalty on slopes at real pictures. Not with batch-norm.',
      },
      clipWeights: { label: 'Weight clipping', hint: 'Keeps weights of D in [−c, c]; 0 for off.' },
      clipGradients: { label: 'Gradient clipping', hint: 'Largest norm of a gradient; 0 for off.' },
      instanceNoise: { label: 'Instance noise', hint: 'Noise on all that D sees; 0 for off.' },
      latentDim: { label: 'Latent size', hint: 'Random numbers behind a picture.' },
      latent: {
        label: 'Latent law',
        hint: 'How they are drawn.',
        options: { normal: 'Normal', uniform: 'Uniform' },
      },
      flip: {
        label: 'Mirror pictures at random',
        hint: 'Doubles a small set of faces; spoils letters and digits.',
      },
      seed: { label: 'Seed', hint: 'The same seed gives the same run on the same adapter.' },
    },
  },
  ja: {
    groups: {
      learning: '学習',
      game: 'ゲーム',
      regularisers: '正則化',
      networks: 'ネットワーク',
      chance: 'データと乱数',
    },
    fields: {
      colour: { label: 'カラー' },
      fit: {
        label: '正方形でない画像',
        options: { cover: '中央を切り抜く', contain: '白地に全体を収める', fill: '引き伸ばす' },
      },
      imageSize: { label: '画像サイズ' },
      width: { label: '幅' },
      batchSize: { label: 'バッチ' },
      lrD: { label: 'D の学習率', hint: '学習中にも変えられます。' },
      lrG: { label: 'G の学習率', hint: '学習中にも変えられます。' },
      optimiser: {
        label: 'オプティマイザー',
        hint: '勾配から更新を決める方法です。',
        options: { adam: 'Adam', sgd: 'モーメンタム付き SGD', rmsprop: 'RMSProp' },
      },
      beta1: { label: 'β1', hint: 'Adam が勾配を覚えている長さ。SGD ではモーメンタムです。' },
      weightDecay: { label: '重み減衰', hint: '重みを 0 に近づけます。Adam は AdamW になります。' },
      ema: {
        label: '重みの平均（EMA）',
        hint: '過去の生成器の平均でサンプルを描きます。0 なら最新のものです。',
      },
      lrSchedule: {
        label: 'スケジュール',
        hint: '学習率が学習の間にどう変わるかです。',
        options: {
          constant: 'なし',
          linear: '直線的に 0 へ',
          cosine: 'コサインで 0 へ',
          exponential: '指数的',
          step: '段階的',
        },
      },
      lrSteps: { label: 'スケジュールの長さ', hint: 'このステップ数で変わります。なしなら 0。' },
      lrGamma: { label: 'スケジュールの係数', hint: '最後の二種類で使います。' },
      accumulate: {
        label: 'バッチの分割',
        hint: '分けるほどメモリーが少なくてすみます。勾配は足し合わされます。',
      },
      objective: {
        label: '目的関数',
        hint: '二つのネットワークが互いに求めるものです。',
        options: {
          original: '元祖 GAN',
          'least-squares': '最小二乗',
          hinge: 'ヒンジ',
          wasserstein: 'ワッサースタイン',
          'f-gan-kl': 'f-GAN：KL',
          'f-gan-reverse-kl': 'f-GAN：逆 KL',
          'f-gan-pearson': 'f-GAN：ピアソン χ²',
          'f-gan-hellinger': 'f-GAN：ヘリンガー',
          'f-gan-jensen-shannon': 'f-GAN：イェンセン・シャノン',
          'f-gan-gan': 'f-GAN：GAN',
          'mmd-gaussian': 'MMD（ガウスカーネル）',
          'mmd-rational-quadratic': 'MMD（有理二次カーネル）',
        },
      },
      generatorLoss: {
        label: '生成器の損失',
        hint: '「非飽和」は負けている間も学べます。',
        options: {
          'non-saturating': '非飽和',
          minimax: 'ミニマックス',
          'maximum-likelihood': '最尤',
        },
      },
      dSteps: { label: 'D のステップ数', hint: '生成器の更新 1 回ごとの識別器の更新回数です。' },
      labelSmoothing: {
        label: 'ラベル平滑化',
        hint: '本物の目標値をこれだけ下げ、D の自信を抑えます。',
      },
      freshLatent: { label: '乱数を引き直す', hint: '生成器の更新のために乱数を新しく引きます。' },
      mixedBatch: { label: '混合バッチ', hint: 'D が本物と生成画像を一つのバッチで見ます。' },
      normD: {
        label: 'D の正規化',
        hint: '普通はバッチ正規化。スペクトル正規化は D の変化の速さを抑えます。',
        options: { batch: 'バッチ正規化', spectral: 'スペクトル', none: 'なし' },
      },
      spectralNormG: {
        label: 'G のスペクトル正規化',
        hint: 'バッチ正規化と併用します。',
      },
      augment: {
        label: 'データ拡張（DiffAugment）',
        hint: 'D が見るものすべてをランダムに変えます。少ない画像に向きます。',
        options: {
          none: 'なし',
          color: '色',
          translation: '移動',
          cutout: 'カットアウト',
          'color,translation': '色、移動',
          'color,cutout': '色、カットアウト',
          'translation,cutout': '移動、カットアウト',
          'color,translation,cutout': '色、移動、カットアウト',
        },
      },
      model: {
        label: '種類',
        hint: '畳み込み、または 2014 年の全結合です。',
        options: { dcgan: 'DCGAN', 'fully-connected': '元祖 GAN' },
      },
      gradientPenalty: {
        label: '勾配ペナルティ',
        hint: 'WGAN-GP の λ、普通は 10。バッチ正規化とは併用できません。',
      },
      r1: { label: 'R1', hint: '本物での傾きへの罰の γ。バッチ正規化とは併用できません。' },
      clipWeights: { label: '重みの制限', hint: 'D の重みを [−c, c] に保ちます。0 で無効。' },
      clipGradients: { label: '勾配の制限', hint: '勾配のノルムの上限です。0 で無効。' },
      instanceNoise: {
        label: 'インスタンスノイズ',
        hint: 'D が見るすべてに加える雑音。0 で無効。',
      },
      latentDim: { label: '潜在変数の数', hint: '1 枚の画像のもとになる乱数の数です。' },
      latent: {
        label: '潜在変数の分布',
        hint: '乱数の引き方です。',
        options: { normal: '正規分布', uniform: '一様分布' },
      },
      flip: {
        label: '画像をランダムに左右反転する',
        hint: '少ない顔画像は実質 2 倍になります。文字や数字には向きません。',
      },
      seed: { label: 'シード', hint: '同じアダプターなら、同じシードで同じ結果になります。' },
    },
  },
});
