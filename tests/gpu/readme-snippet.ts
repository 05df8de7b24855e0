import { Engine, GanTrainer, type ImageSet } from 'ganvas';

export async function learn(pictures: ImageSet, canvas: HTMLCanvasElement, signal: AbortSignal) {
  const engine = await Engine.create(); // throws NoWebGPUError or NoAdapterError, with advice
  const trainer = await GanTrainer.create(engine, pictures, { imageSize: 16, width: 8 });
  const view = await trainer.attachCanvas(canvas, { count: 64, columns: 8 });

  for await (const { step, lossD, lossG } of trainer.run({ steps: 20, signal })) {
    if (step % 10 === 0) {
      view.draw(); // from GPU memory to the canvas, nothing is read back
      console.log(`step ${step}: loss D ${lossD.toFixed(3)}, loss G ${lossG.toFixed(3)}`);
    }
  }
  const file = await trainer.checkpoint(); // safetensors, with PyTorch's names and layouts
  engine.dispose();
  return file;
}
