import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take ten minutes or nearly so. */
const LONG = ['studio-long', 'leaks', 'inference', 'theory'];

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/soak/${name}.test.ts`));
  return at < 0 ? LONG.length : at;
}

/** The longest files come first: begun last, one would go on alone for minutes. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
