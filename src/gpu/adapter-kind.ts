/** Roughly what an adapter is: what kernels that nobody has measured on it are chosen by. */
export type AdapterKind = 'software' | 'mobile' | 'integrated' | 'discrete';

/** How the known CPU implementations name themselves; not all admit to be a fallback. */
const softwareNames =
  /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|basic render|\bcpu\b|software/i;
const mobileNames = /qualcomm|adreno|\barm\b|mali|img-tec|imagination|powervr|samsung|xclipse/i;
/** Intel's are part of the processor, but for the Arc cards; AMD's say "Radeon(TM) Graphics". */
const discreteNames = /nvidia|geforce|quadro|xe2?-hpg|\barc\b|\bamd\b|radeon/i;
const integratedNames = /radeon(\(tm\))? graphics|vega \d+ graphics/i;

/** The kind of an adapter, by the names that WebGPU tells. Unknown ones are taken for integrated. */
export function adapterKind(info: Partial<GPUAdapterInfo> | undefined): AdapterKind {
  const { vendor = '', architecture = '', description = '', device = '' } = info ?? {};
  const names = [vendor, architecture, device, description].join(' ');
  if (info?.isFallbackAdapter === true || softwareNames.test(names)) return 'software';
  if (mobileNames.test(names)) return 'mobile';
  return discreteNames.test(names) && !integratedNames.test(names) ? 'discrete' : 'integrated';
}

/**
 * Invocations that keep an adapter busy. Software: a few cores of 4 lanes, several turns of each. The
 * others: by the order of their arithmetic units, a few for each to hide latency; guesses, until the
 * tuner measures.
 */
export const enoughInvocations: Readonly<Record<AdapterKind, number>> = {
  software: 128,
  mobile: 2048,
  integrated: 4096,
  discrete: 16384,
};
