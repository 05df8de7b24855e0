import type { DeviceTraits } from './kernel.ts';

/**
 * A grid of at least so many workgroups. What exceeds one dimension goes on in the next row, so
 * kernels number their workgroups by y · num_workgroups.x + x and skip those beyond their work.
 */
export function foldGrid(
  workgroups: number,
  { maxWorkgroupsPerDimension }: DeviceTraits,
): readonly [x: number, y: number, z: number] {
  const y = Math.ceil(workgroups / maxWorkgroupsPerDimension);
  return [Math.ceil(workgroups / y), y, 1];
}
