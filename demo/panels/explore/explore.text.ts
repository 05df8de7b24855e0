import { translated } from '../../i18n.ts';

export const exploreText = translated({
  en: {
    noRun: 'Train first: then samples can be looked at closely, mixed and compared here.',
    closeup: 'Close-up',
    invitation: 'Click a sample to see it here.',
    sample: (number: number) => `Sample ${number}`,
    numbers: (count: number, law: 'normal' | 'uniform') =>
      law === 'normal'
        ? `The generator makes it of ${count} random numbers from a normal distribution: its latent.`
        : `The generator makes it of ${count} random numbers from −1 to 1: its latent.`,
    enlarged: (number: number) => `Sample ${number}, enlarged`,
    letters: 'A, B and C',
    lettersHint:
      'What the tools below mix: each letter stands for one sample, or for the mean of several. Pick a ' +
      'sample, then press + to add it to a row.',
    mean: 'mean',
    thumbnails: 'Samples of A, B and C in three rows, with the mean of each row at its end',
    remove: (number: number, letter: string) => `Remove sample ${number} from ${letter}`,
    add: (number: number, letter: string) => `Add sample ${number} to ${letter}`,
    addNothing: (letter: string) => `Add to ${letter}: pick a sample first`,
    tools: 'Tools',
    mix: 'A to B',
    walk: 'Walk',
    arithmetic: 'A − B + C',
    nearest: 'Nearest',
    missing: (letters: string) =>
      `There is no sample in ${letters}. Pick one, then press + in its row.`,
  },
  ja: {
    noRun: 'まず学習してください。ここでサンプルを拡大し、混ぜ、比べられます。',
    closeup: '拡大',
    invitation: 'サンプルをクリックすると、ここに表示されます。',
    sample: (number: number) => `サンプル ${number}`,
    numbers: (count: number, law: 'normal' | 'uniform') =>
      law === 'normal'
        ? `正規分布から取った ${count} 個の乱数（潜在ベクトル）から、生成器が描きます。`
        : `−1 から 1 までの ${count} 個の乱数（潜在ベクトル）から、生成器が描きます。`,
    enlarged: (number: number) => `サンプル ${number} の拡大`,
    letters: 'A・B・C',
    lettersHint:
      '下の道具で混ぜるサンプルです。各文字は一枚、または数枚の平均を表します。サンプルを選び、行の + を' +
      '押すと加わります。',
    mean: '平均',
    thumbnails: 'A・B・C のサンプル（三行）。各行の末尾がその平均です',
    remove: (number: number, letter: string) => `サンプル ${number} を ${letter} から外す`,
    add: (number: number, letter: string) => `サンプル ${number} を ${letter} に加える`,
    addNothing: (letter: string) => `${letter} に加える：先にサンプルを選んでください`,
    tools: '道具',
    mix: 'A から B へ',
    walk: '散歩',
    arithmetic: 'A − B + C',
    nearest: '近い実画像',
    missing: (letters: string) =>
      `${letters} にサンプルがありません。サンプルを選び、その行の + を押してください。`,
  },
});
