import { GanvasError } from '../graph/errors.ts';

/**
 * An inference makes no sense. `code` is `inference-` and one of `simulator` (what it returns),
 * `options`, `net` (what a net of the caller's returns), `observation`.
 */
export class InferenceError extends GanvasError {
  override readonly name = 'InferenceError';

  constructor(
    kind: 'simulator' | 'options' | 'net' | 'observation',
    message: string,
    advice: string,
  ) {
    super(`inference-${kind}`, message, advice);
  }
}
