import { translated } from '../i18n.ts';

/** What went wrong in plain words, and what a visitor can do. */
interface Explanation {
  readonly message: string;
  readonly advice: string;
}

/** By an error's code, or by the part of it before the first hyphen. */
type Explanations = Readonly<Record<string, Explanation>>;

/** In English only those whose own words are for programmers; in Japanese all that can be met. */
export const explainedText = translated<Explanations>({
  en: {
    'no-webgpu': { message: 'This browser offers no WebGPU here.', advice: '' },
    clipboard: {
      message: 'The browser did not let the page copy the link.',
      advice: 'Copy it from the address bar: the address holds all settings.',
    },
    checkpoint: {
      message: 'This checkpoint is damaged, or of another program.',
      advice: 'Choose a file that was saved by this page or by the command line of Ganvas.',
    },
    'checkpoint-data': {
      message: 'This checkpoint is of a run on other pictures.',
      advice: 'Choose the data that it was trained on, then open it again.',
    },
    safetensors: {
      message: 'This file is no checkpoint, or it is damaged.',
      advice:
        'Choose a .safetensors file that was saved by this page, and copy it again if need be.',
    },
    'storage-quota': {
      message: 'There is no room left in this browser to keep the run. Training goes on.',
      advice: 'Save a checkpoint file, and delete old runs under Keep or free space on the disk.',
    },
    'storage-failed': {
      message: 'The browser could not keep the run. Training goes on.',
      advice: 'Save a checkpoint file to be safe. Runs that were kept before are untouched.',
    },
    'storage-unavailable': {
      message: 'This browser keeps nothing for this page, so runs do not survive a reload.',
      advice: 'Save checkpoint files, or open the page outside of a private window.',
    },
    'storage-damaged': {
      message: 'What the browser kept of that run is damaged.',
      advice: 'Delete the run, and start a new one or open a checkpoint file.',
    },
    'data-read': {
      message: 'The data set could not be downloaded.',
      advice: 'Check the connection, then press Train again.',
    },
    limit: {
      message: 'A run of these settings does not fit on this GPU.',
      advice: 'Choose a smaller batch, image size or width.',
    },
    shader: {
      message: 'The graphics driver did not take a program of the engine.',
      advice: 'Update the driver or the browser; if it stays, please report the words below.',
    },
    gpu: {
      message: 'The graphics driver refused some of the work.',
      advice: 'Reset and train again; update the driver or the browser if it stays.',
    },
    canvas: {
      message: 'The samples could not be drawn.',
      advice: 'Reset the run, and reload the page if it stays.',
    },
    recovery: {
      message: 'The graphics device was lost, and no other could be opened.',
      advice: 'Reload the page. Runs that were kept are listed under Keep.',
    },
    unexpected: {
      message: 'Something happened that nobody expected.',
      advice:
        'If the page does not go on by itself, reload it: runs that were kept are listed under Keep.',
    },
  },
  ja: {
    clipboard: {
      message: 'ブラウザーがリンクのコピーを許可しませんでした。',
      advice: 'アドレスバーからコピーしてください。アドレスにすべての設定が入っています。',
    },
    checkpoint: {
      message: 'このチェックポイントは壊れているか、別のプログラムのものです。',
      advice: 'このページか Ganvas のコマンドラインで保存したファイルを選んでください。',
    },
    'checkpoint-data': {
      message: 'このチェックポイントは別の画像で学習したものです。',
      advice: '学習に使ったデータを選んでから、もう一度開いてください。',
    },
    safetensors: {
      message: 'このファイルはチェックポイントではないか、壊れています。',
      advice:
        'このページで保存した .safetensors ファイルを選んでください。必要ならコピーし直してください。',
    },
    'storage-quota': {
      message: 'このブラウザーには学習を保存する空きがありません。学習は続きます。',
      advice:
        'チェックポイントをファイルに保存し、「保存」タブで古い学習を削除するか、ディスクの空きを増やしてください。',
    },
    'storage-failed': {
      message: 'ブラウザーに学習を保存できませんでした。学習は続きます。',
      advice:
        '念のためチェックポイントをファイルに保存してください。前に保存した学習はそのままです。',
    },
    'storage-unavailable': {
      message:
        'このブラウザーはこのページのデータを保存しないため、再読み込みすると学習が消えます。',
      advice:
        'チェックポイントをファイルに保存するか、シークレットウィンドウ以外で開いてください。',
    },
    'storage-damaged': {
      message: 'ブラウザーに保存されていたこの学習は壊れています。',
      advice: 'この学習を削除し、新しく始めるか、チェックポイントのファイルを開いてください。',
    },
    'storage-missing': {
      message: 'その学習はもうありません。',
      advice: '新しく始めてください。',
    },
    'storage-pictures': {
      message: 'このブラウザーには画像を保存する空きがありません。',
      advice: '今は学習に使えます。再読み込みしたら、もう一度選んでください。',
    },
    'data-read': {
      message: 'データをダウンロードできませんでした。',
      advice: '接続を確かめて、もう一度「学習する」を押してください。',
    },
    'data-unreadable': {
      message: '画像として読めるファイルが一つもありませんでした。',
      advice: 'ブラウザーで表示できる PNG、JPEG、WebP の画像を選んでください。',
    },
    'data-size': {
      message: 'データが大きすぎるか、大きさが合いません。',
      advice: '画像の枚数を減らすか、画像サイズを小さくしてください。',
    },
    data: {
      message: 'データが壊れているか、途中で切れています。',
      advice: 'もう一度読み込むか、別のデータを選んでください。',
    },
    model: {
      message: 'この設定の組み合わせでは学習できません。',
      advice: '設定を見直してください。',
    },
    'no-adapter': {
      message: 'WebGPU で使えるアダプターがありませんでした。',
      advice: '',
    },
    'no-run': {
      message: '今は学習していません。',
      advice: '先に「学習する」を押してください。',
    },
    'run-busy': {
      message: 'その学習は別のタブで続いています。',
      advice: 'そのタブで「リセット」を押してから削除してください。',
    },
    'no-webgpu': { message: 'このブラウザーでは WebGPU が使えません。', advice: '' },
    limit: {
      message: 'この設定の学習は、この GPU には収まりません。',
      advice: 'バッチ、画像サイズ、または幅を小さくしてください。',
    },
    'out-of-memory': {
      message: 'GPU のメモリーが足りなくなりました。',
      advice: 'バッチを小さくするか、GPU を使っているほかのページを閉じてください。',
    },
    'non-finite': {
      message: '学習が発散し、数値が有限でなくなりました。',
      advice: '学習率を下げるか、生成器の損失を変えてください。',
    },
    'device-lost': {
      message: 'GPU デバイスがなくなりました。',
      advice: '',
    },
    recovery: {
      message: 'グラフィックスデバイスが失われ、別のデバイスも開けませんでした。',
      advice: 'ページを再読み込みしてください。保存された学習は「保存」タブにあります。',
    },
    shader: {
      message: 'グラフィックスドライバーがエンジンのプログラムを受け付けませんでした。',
      advice:
        'ドライバーかブラウザーを更新してください。直らなければ、下の文を添えて報告してください。',
    },
    gpu: {
      message: 'グラフィックスドライバーが処理を受け付けませんでした。',
      advice:
        'リセットしてもう一度学習してください。直らなければ、ドライバーかブラウザーを更新してください。',
    },
    canvas: {
      message: 'サンプルを描けませんでした。',
      advice: 'リセットしてください。直らなければ、ページを再読み込みしてください。',
    },
    video: {
      message: 'このブラウザーでは動画を作れません。',
      advice: '代わりに画像を保存してください。',
    },
    unexpected: {
      message: '予期しない問題が起きました。',
      advice:
        'ページが動かなければ再読み込みしてください。保存された学習は「保存」タブにあります。',
    },
  },
});
