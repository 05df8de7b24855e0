/** Every operation, registered by being imported. */
export * from './batch-norm.ts';
export * from './conv2d.ts';
export * from './elementwise.ts';
export * from './matmul.ts';
export * from './movement.ts';
export * from './optimiser.ts';
export * from './random.ts';
export * from './reduce.ts';
