import type { GpuMemory } from '../../../src/index.ts';
import { translated } from '../../i18n.ts';

interface MemoryText {
  readonly title: string;
  readonly kinds: Readonly<Record<keyof GpuMemory, string>>;
  readonly hints: Readonly<Partial<Record<keyof GpuMemory, string>>>;
  total(bytes: string, buffers: string, peak: string): string;
  readonly step: string;
  readonly work: Readonly<Record<'dispatches' | 'pipelines' | 'submits' | 'flops', string>>;
  readonly trainFirst: string;
  readonly limits: string;
  readonly limitNames: Readonly<
    Record<'buffer' | 'binding' | 'buffers' | 'invocations' | 'workgroupBytes', string>
  >;
  readonly features: string;
  readonly featureNames: Readonly<Record<string, string>>;
  readonly noFeatures: string;
}

export const memoryText = translated<MemoryText>({
  en: {
    title: 'Memory and work',
    kinds: {
      parameters: 'Parameters',
      optimisers: 'Optimisers',
      average: 'Average of G',
      buffers: 'Running statistics',
      data: 'Data set',
      activations: 'Activations',
      other: 'Samples and more',
    },
    hints: {
      optimisers: 'such as Adam’s two moments of each parameter',
      activations: 'and gradients: buffers that a step shares among them',
    },
    total: (bytes, buffers, peak) =>
      `${bytes} in ${buffers} buffers on the GPU, at most ${peak} so far.`,
    step: 'Each step',
    work: {
      dispatches: 'Kernels that run (dispatches)',
      pipelines: 'Different ones (pipelines)',
      submits: 'Parts that the GPU gets them in (submits)',
      flops: 'Work',
    },
    trainFirst: 'What a run takes is told here while it trains.',
    limits: 'What this adapter allows',
    limitNames: {
      buffer: 'Largest buffer',
      binding: 'Largest part of one that a kernel reads',
      buffers: 'Buffers of one kernel',
      invocations: 'Threads of a workgroup',
      workgroupBytes: 'Memory that they share',
    },
    features: 'Extras in use',
    featureNames: {
      'timestamp-query': 'GPU clock',
      'shader-f16': '16-bit numbers',
      subgroups: 'subgroups',
    },
    noFeatures: 'none',
  },
  ja: {
    title: 'メモリーと計算量',
    kinds: {
      parameters: 'パラメーター',
      optimisers: 'オプティマイザー',
      average: '生成器の平均',
      buffers: '移動平均の統計量',
      data: 'データセット',
      activations: '活性値',
      other: 'サンプルなど',
    },
    hints: {
      optimisers: 'Adam ならパラメーターごとに二つのモーメント',
      activations: '勾配も含みます。1 ステップの中で使い回すバッファーです',
    },
    total: (bytes, buffers, peak) =>
      `GPU 上のバッファー ${buffers} 個、${bytes}。これまでの最大 ${peak}。`,
    step: '1 ステップ',
    work: {
      dispatches: '実行するカーネル（ディスパッチ）',
      pipelines: 'カーネルの種類（パイプライン）',
      submits: 'GPU に渡す回数（サブミット）',
      flops: '計算量',
    },
    trainFirst: '学習中は、使っているものがここに表示されます。',
    limits: 'このアダプターの上限',
    limitNames: {
      buffer: '一つのバッファー',
      binding: 'カーネルが一度に読める範囲',
      buffers: '一つのカーネルのバッファー数',
      invocations: 'ワークグループのスレッド数',
      workgroupBytes: 'その共有メモリー',
    },
    features: '使っている追加機能',
    featureNames: {
      'timestamp-query': 'GPU の時計',
      'shader-f16': '16 ビット数',
      subgroups: 'サブグループ',
    },
    noFeatures: 'なし',
  },
});
