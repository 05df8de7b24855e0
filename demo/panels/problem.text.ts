import { translated } from '../i18n.ts';

export const problemText = translated({
  en: {
    dismiss: 'Dismiss',
    tryAgain: 'Try again',
    software:
      'This browser computes WebGPU on the processor, so a small preset was chosen: pictures take ' +
      "shape within minutes. With a GPU it is many times faster: turn on the browser's hardware " +
      'acceleration and update the graphics driver.',
    titles: {
      noWebgpu: 'WebGPU is missing',
      noAdapter: 'No graphics adapter was found',
      lost: 'The graphics device was lost',
      memory: 'The GPU is out of memory',
      limit: 'That is too large for this GPU',
      nonFinite: 'Training has gone wrong',
      data: 'The data cannot be used',
      checkpoint: 'That checkpoint cannot be used',
      storage: 'The browser could not keep it',
      other: 'Something went wrong',
    },
    insecure:
      'Browsers offer WebGPU to secure pages only: open this page over https:// or from localhost.',
    browsers: [
      'Chrome or Edge 113 or later, on Windows, macOS, ChromeOS or Android 12',
      'Safari 26 or later',
      'Firefox 141 or later on Windows, 145 or later on a Mac with Apple silicon',
      'Chrome on Linux: where it is off, switch on chrome://flags/#enable-unsafe-webgpu and ' +
        'chrome://flags/#enable-vulkan',
    ],
    recovering: 'Another one is being opened; training goes on from its last snapshot.',
    adapters: [
      "Turn on hardware acceleration in the browser's settings and restart it",
      'Update the graphics driver',
      'See what the browser says of the GPU: chrome://gpu, or about:support in Firefox',
      'Without a GPU, Chrome can compute in software: start it with ' +
        '--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader',
    ],
    these: 'WebGPU comes with:',
    noFiles: 'There were no files in that.',
    unknownLink: (parts: string) => `The link says what this page does not understand: ${parts}.`,
    unknownLinkAdvice: 'The rest of it was used. It may come from a newer version of the page.',
    noFilesAdvice: 'Choose PNG, JPEG or WebP pictures, or a folder of them.',
  },
  ja: {
    dismiss: '閉じる',
    tryAgain: 'もう一度試す',
    software:
      'このブラウザーは WebGPU を CPU で計算しているため、小さなプリセットを選びました。絵の形は数分で' +
      '現れます。GPU があれば何倍も速くなります。ブラウザーのハードウェアアクセラレーションを有効にし、' +
      'グラフィックスドライバーを更新してください。',
    titles: {
      noWebgpu: 'WebGPU が使えません',
      noAdapter: 'グラフィックスアダプターが見つかりません',
      lost: 'グラフィックスデバイスが失われました',
      memory: 'GPU のメモリーが足りません',
      limit: 'この GPU には大きすぎます',
      nonFinite: '学習がうまくいかなくなりました',
      data: 'このデータは使えません',
      checkpoint: 'このチェックポイントは使えません',
      storage: 'ブラウザーに保存できませんでした',
      other: '問題が起きました',
    },
    insecure:
      'WebGPU は安全なページでしか使えません。このページを https:// または localhost で開いてください。',
    browsers: [
      'Chrome または Edge 113 以降（Windows、macOS、ChromeOS、Android 12）',
      'Safari 26 以降',
      'Firefox 141 以降（Windows）、145 以降（Apple シリコンの Mac）',
      'Linux の Chrome：無効な場合は chrome://flags/#enable-unsafe-webgpu と ' +
        'chrome://flags/#enable-vulkan を有効にしてください',
    ],
    recovering: '別のデバイスを開いています。学習は最後のスナップショットから続きます。',
    adapters: [
      'ブラウザーの設定でハードウェアアクセラレーションを有効にし、再起動してください',
      'グラフィックスドライバーを更新してください',
      'GPU についてブラウザーの表示を確認してください：chrome://gpu（Firefox は about:support）',
      'GPU がなくても Chrome はソフトウェアで計算できます：' +
        '--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader を付けて起動してください',
    ],
    these: 'WebGPU が使えるブラウザー：',
    noFiles: 'ファイルが入っていませんでした。',
    unknownLink: (parts: string) => `リンクの次の部分が分かりません：${parts}`,
    unknownLinkAdvice: '残りの部分は使いました。新しい版のページのリンクかもしれません。',
    noFilesAdvice: 'PNG、JPEG、WebP の画像か、そのフォルダーを選んでください。',
  },
});
