/** Goes through the steps of a run: what `train` does, wherever the run is. */
export async function follow<M>(
  steps: AsyncIterable<M>,
  onStep?: (metrics: M) => void | Promise<void>,
): Promise<M | undefined> {
  let last: M | undefined;
  for await (const metrics of steps) {
    last = metrics;
    await onStep?.(metrics);
  }
  return last;
}
