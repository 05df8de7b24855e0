/** What a step that is compiled once must never do again. */
const creations = [
  ...['createBuffer', 'createTexture', 'createSampler', 'createQuerySet', 'createShaderModule'],
  ...['createBindGroup', 'createBindGroupLayout', 'createPipelineLayout'],
  ...['createComputePipeline', 'createComputePipelineAsync'],
  ...['createRenderPipeline', 'createRenderPipelineAsync'],
] as const;

/** Counts what is created on a device from now on, by method. */
export function countCreations(device: GPUDevice): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of creations) {
    const own: unknown = Reflect.get(device, name);
    if (typeof own !== 'function') throw new Error(`a GPUDevice has no ${name}`);
    Object.defineProperty(device, name, {
      value: (...args: unknown[]): unknown => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return Reflect.apply(own, device, args);
      },
    });
  }
  return counts;
}
