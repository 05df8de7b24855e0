/** Every kernel, registered by being imported. */
import './batch-norm.ts';
import './conv2d.ts';
import './matmul.ts';
import './optimiser.ts';
import './random.ts';
import './reduce.ts';

export { lowerElementwise } from './elementwise.ts';
