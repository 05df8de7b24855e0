import { expect, test } from 'vitest';
import { adapterKind, enoughInvocations } from '../../src/gpu/adapter-kind.ts';

test.each([
  ['software', { vendor: 'google', architecture: 'swiftshader' }],
  ['software', { vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }],
  ['software', { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }],
  ['software', { vendor: 'nvidia', isFallbackAdapter: true }],
  ['mobile', { vendor: 'qualcomm', architecture: 'adreno-7xx' }],
  ['mobile', { vendor: 'arm', architecture: 'valhall' }],
  ['integrated', { vendor: 'intel', architecture: 'gen-12lp' }],
  ['integrated', { vendor: 'apple', architecture: 'metal-3' }],
  ['integrated', { vendor: 'amd', description: 'AMD Radeon(TM) Graphics' }],
  ['integrated', {}],
  ['discrete', { vendor: 'intel', architecture: 'xe-hpg' }],
  ['discrete', { vendor: 'nvidia', architecture: 'hopper' }],
  ['discrete', { vendor: 'amd', architecture: 'rdna-3' }],
] as const)('%s: %o', (kind, info) => {
  expect(adapterKind(info)).toBe(kind);
});

test('nothing known is taken for integrated, and more parallel kinds want more invocations', () => {
  expect(adapterKind(undefined)).toBe('integrated');
  const { software, mobile, integrated, discrete } = enoughInvocations;
  expect([software, mobile, integrated, discrete]).toEqual(
    [software, mobile, integrated, discrete].sort((a, b) => a - b),
  );
});
