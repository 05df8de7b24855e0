// A GPU that has little memory: the software adapter has as much as the machine.

/**
 * Gives a device so many bytes. A buffer beyond them is what WebGPU makes of one: an invalid object,
 * and an out-of-memory error for the scope that waits for it, or else for everybody.
 */
export function limitMemory(device: GPUDevice, budget: number): { used: number; refused: number } {
  const memory = { used: 0, refused: 0 };
  const scopes: { filter: GPUErrorFilter; full: boolean }[] = [];
  const push = device.pushErrorScope.bind(device);
  const pop = device.popErrorScope.bind(device);
  const create = device.createBuffer.bind(device);
  device.pushErrorScope = (filter) => {
    scopes.push({ filter, full: false });
    push(filter);
  };
  device.popErrorScope = async () => {
    const full = scopes.pop()?.full;
    const error = await pop();
    return full ? new GPUOutOfMemoryError('none left') : error;
  };
  device.createBuffer = (descriptor) => {
    if (memory.used + descriptor.size > budget) {
      memory.refused++;
      const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
      const error = new GPUOutOfMemoryError('none left');
      if (scope) scope.full = true;
      else device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
      // A buffer without usages is invalid; that it is, is not to be told.
      push('validation');
      const invalid = create({ ...descriptor, usage: 0 });
      void pop();
      return invalid;
    }
    const buffer = create(descriptor);
    memory.used += descriptor.size;
    const destroy = buffer.destroy.bind(buffer);
    let alive = true;
    buffer.destroy = () => {
      if (alive) memory.used -= descriptor.size;
      alive = false;
      destroy();
    };
    return buffer;
  };
  return memory;
}
