import { translated } from '../i18n.ts';

export const tourText = translated({
  en: {
    of: (step: number, steps: number) => `${step} of ${steps}`,
    back: 'Back',
    next: 'Next',
    equation: 'The equation',
    steps: {
      generator: {
        title: 'The generator: it draws',
        text:
          'It takes a list of random numbers and makes a picture of them, in one go, by layers that ' +
          'double the size each time. At first it knows nothing and draws grey noise. It never sees a ' +
          'real picture: all that it learns, it learns from what the other network thinks of its work.',
        legend: 'A picture x is G of random numbers z.',
      },
      discriminator: {
        title: 'The discriminator: it judges',
        text:
          'It looks at a picture, real or generated, and says how real it seems: 1 for surely real, 0 ' +
          'for surely generated. It is told afterwards which it was, and so learns what gives the ' +
          'generator away: first the noise, then odd strokes, then small mistakes.',
        legend: 'It raises this sum: D high on real pictures x, low on generated ones.',
      },
      game: {
        title: 'The game',
        text:
          'The generator changes its numbers so that the discriminator takes its pictures for real. ' +
          'Because everything is arithmetic, it can ask of every pixel: would you seem more real a ' +
          'little brighter or darker? Both learn in turns, a step each, thousands of times.',
        legend:
          'One sum, which D makes as large and G as small as it can: a minimax game. In practice G ' +
          'raises log D(G(z)) instead, which helps it while it loses.',
      },
      balance: {
        title: 'How it should end',
        text:
          'If the generator draws exactly what the data look like, the discriminator can only guess: ' +
          'it says ½ to everything. On the way there the losses go up and down, as each finds an ' +
          'answer to the other. A curve that stays flat at 0 means that the game is over too soon.',
        legend: 'The best D for a given G: its share of real among pictures like x.',
      },
      try: {
        title: 'Try it',
        text:
          'Press Train and watch the samples: each place keeps its random numbers, so you see one idea ' +
          'drawn better and better. Drag Time back to the noise. Then reset, raise the learning rate ' +
          'of D tenfold, and see what happens when one player is too strong.',
        legend: '',
      },
    },
  },
  ja: {
    of: (step: number, steps: number) => `${step} / ${steps}`,
    back: '戻る',
    next: '次へ',
    equation: '数式',
    steps: {
      generator: {
        title: '生成器：描く役',
        text:
          '乱数の列を受け取り、層を重ねるごとに大きさを倍にしながら、一度に 1 枚の画像を作ります。初めは何も' +
          '知らず、灰色のノイズを描くだけです。本物の画像を見ることはありません。頼りになるのは、もう一方の' +
          'ネットワークによる評価だけです。',
        legend: '画像 x は乱数 z から G が作ります。',
      },
      discriminator: {
        title: '識別器：見分ける役',
        text:
          '本物か生成かを知らずに画像を見て、どれくらい本物らしいかを答えます。1 は「確かに本物」、0 は' +
          '「確かに生成」。そのあとで答えを知らされ、何が生成の証拠になるかを学びます。まずノイズ、次に' +
          '不自然な線、それから小さな間違いです。',
        legend: 'この和を大きくします：本物 x には高く、生成画像には低く答えるほど大きくなります。',
      },
      game: {
        title: 'ゲーム',
        text:
          '生成器は、識別器が自分の絵を本物と思うように、自分の数値を変えます。すべてが計算なので、' +
          '「もう少し明るければ、または暗ければ、もっと本物らしく見えるか」を画素ごとに調べられます。二つは交互に' +
          ' 1 ステップずつ、何千回も学びます。',
        legend:
          '一つの和を D はできるだけ大きく、G はできるだけ小さくします：ミニマックスゲームです。実際には G は' +
          ' log D(G(z)) を大きくします。負けている間もそのほうが学べるからです。',
      },
      balance: {
        title: '理想の終わり方',
        text:
          '生成器がデータとまったく同じものを描けば、識別器には当てずっぽうしかできず、すべてに ½ と答えます。' +
          'そこへ至るまで、互いに相手への対策を見つけるたびに損失は上下します。0 に張り付いたままの線は、' +
          'ゲームが早く終わりすぎたしるしです。',
        legend: 'ある G に対する最良の D：x のような画像のうち本物が占める割合です。',
      },
      try: {
        title: 'やってみましょう',
        text:
          '「学習する」を押してサンプルを見てください。どの場所も乱数は同じなので、一つの発想がだんだん上手に' +
          '描かれていきます。「時間」をノイズまで戻してみましょう。それからリセットし、D の学習率を 10 倍に' +
          'して、片方が強すぎると何が起こるか見てください。',
        legend: '',
      },
    },
  },
});
