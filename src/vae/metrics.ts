/**
 * What a step of a VAE reports: means over its batch before its update, in nats a picture. `reconstruction`
 * is −log p(x | z), `elbo` is −(reconstruction + kl), `loss` is reconstruction + β · kl.
 */
export type VaeMetricName = 'loss' | 'elbo' | 'reconstruction' | 'kl' | 'gradNorm';
