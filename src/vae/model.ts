import type { ImageSet } from '../data/image-set.ts';
import type { Graph } from '../graph/graph.ts';
import { Net } from '../nn/net.ts';
import { Adam } from '../nn/optimisers.ts';
import { add, exp, mul, neg } from '../ops/elementwise.ts';
import { mean } from '../ops/reduce.ts';
import type { TrainingProgram } from '../training/program.ts';
import { traceFunction, traceTraining } from '../training/trace.ts';
import { gaussianKl } from './loss.ts';
import type { VaeMetricName } from './metrics.ts';
import { VaeModule } from './nets.ts';
import type { VaeOptions } from './options.ts';

/** A VAE with what trains it. */
export class VaeModel {
  readonly module: VaeModule;
  readonly net: Net;
  readonly optimiser: Adam;

  constructor(readonly options: VaeOptions) {
    this.module = new VaeModule(options);
    this.net = new Net('vae', this.module);
    this.optimiser = new Adam(this.net, { lr: options.lr });
  }

  private pass(graph: Graph, training: boolean) {
    return { training, weights: this.net.weights(graph) };
  }

  /**
   * The training step on a set of pictures of the model's size: one sample of z for each picture, drawn
   * as μ + σ·ε (Kingma & Welling 2014, algorithm 1 with L = 1), and the KL divergence in closed form.
   */
  program(pictures: ImageSet): TrainingProgram<VaeMetricName> {
    const { batchSize, latentDim, beta, flip, seed } = this.options;
    const { module, optimiser } = this;
    return traceTraining({
      seed,
      optimisers: [optimiser],
      data: { pictures },
      step: ({ batch, normal, graph }) => {
        const pass = this.pass(graph, true);
        const x = batch('pictures', batchSize, { flip });
        const posterior = module.encode(x, pass);
        const sigma = exp(mul(posterior.logVariance, 0.5));
        const z = add(posterior.mean, mul(sigma, normal([batchSize, 1, 1, latentDim])));
        const reconstruction = mean(module.nll(x, module.decode(z, pass), pass));
        const kl = mean(gaussianKl(posterior.mean, posterior.logVariance));
        const loss = add(reconstruction, mul(kl, beta));
        const { gradNorm } = optimiser.minimise(loss);
        return { loss, elbo: neg(add(reconstruction, kl)), reconstruction, kl, gradNorm };
      },
    });
  }

  /** Pictures [count, size, size, channels] in [−1, 1] → means and log variances, by running statistics. */
  encoder(count: number) {
    const { imageSize, channels } = this.options;
    const shape = [count, imageSize, imageSize, channels];
    return traceFunction({ pictures: shape }, ({ pictures }) => {
      const { mean, logVariance } = this.module.encode(pictures, this.pass(pictures.graph, false));
      return { mean, logVariance };
    });
  }

  /** Latents [count, 1, 1, latentDim] → pictures [count, size, size, channels], by running statistics. */
  decoder(count: number) {
    return traceFunction({ latents: [count, 1, 1, this.options.latentDim] }, ({ latents }) => {
      const decoded = this.module.decode(latents, this.pass(latents.graph, false));
      return { pictures: this.module.pixels(decoded) };
    });
  }
}
