import { framesOf } from './image-set.ts';
import { trainerFor } from './large-set.ts';

const frames = framesOf(new OffscreenCanvas(16, 16), 8, (context, index) => {
  context.fillStyle = `rgb(${index} ${index} ${index})`;
  context.fillRect(0, 0, 16, 16);
});
const options = { imageSize: 16, channels: 3, width: 4, batchSize: 4 };
const trainer = await trainerFor(frames, options);
let steps = 0;
for await (const { step } of trainer.run({ steps: 2 })) steps = step;
trainer.dispose();
const { count, height, width, channels, data } = frames;
const shape = [count, height, width, channels];
Object.assign(globalThis, { result: { shape, first: [...data.subarray(0, 4)], steps } });
