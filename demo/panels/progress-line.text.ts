import { translated } from '../i18n.ts';

export const progressLineText = translated({
  en: {
    download: (name: string, loaded: string, total?: string) =>
      `${name}: ${loaded}${total ? ` of ${total}` : ''}`,
    decode: (loaded: string, total?: string) => `Pictures: ${loaded}${total ? ` of ${total}` : ''}`,
    compile: 'Preparing the networks',
  },
  ja: {
    download: (name: string, loaded: string, total?: string) =>
      `${name}：${loaded}${total ? ` / ${total}` : ''}`,
    decode: (loaded: string, total?: string) => `画像：${loaded}${total ? ` / ${total}` : ''} 枚`,
    compile: 'ネットワークを準備しています',
  },
});
