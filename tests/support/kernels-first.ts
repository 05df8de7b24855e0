import { BaseSequencer, type TestSpecification } from 'vitest/node';

const KERNELS =
  /\/tests\/gpu\/(conv2d|matmul|elementwise|reduce|batch-norm|movement|random)\.test\.ts$/;

/**
 * Tests of kernels come before those of training, which cannot be right where a kernel is wrong. Two of them
 * take longest by far: begun last, one would go on alone.
 */
export class KernelsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [first, then] = [true, false].map((kernels) =>
      sorted.filter(({ moduleId }) => KERNELS.test(moduleId) === kernels),
    );
    return [...first, ...then];
  }
}
