import { GanvasError } from '../graph/errors.ts';

/**
 * Pictures cannot be judged by features. `code` is `features-` and one of `file` (no weights of a feature
 * net), `training` (what a net is to learn from), `samples` (too few pictures, or too many).
 */
export class FeatureError extends GanvasError {
  override readonly name = 'FeatureError';

  constructor(kind: 'file' | 'training' | 'samples', message: string, advice: string) {
    super(`features-${kind}`, message, advice);
  }
}
