import { BaseSequencer, type TestSpecification } from 'vitest/node';

const KERNELS =
  /\/tests\/gpu\/(conv2d|matmul|elementwise|reduce|batch-norm|movement|random)\.test\.ts$/;

/**
 * Tests of kernels come before those of training. They spend their time on compiling, for which a software
 * adapter takes one core, and nothing in them waits for a time: other tests may run beside them.
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
