/**
 * Φ(x) − ½, for x of the standard normal distribution: φ(x) · (x + x³/3 + x⁵/(3·5) + …), which converges
 * everywhere (Marsaglia 2004, "Evaluating the Normal Distribution").
 */
function aboveHalf(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return sum * density(x);
}

const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** The x below which a standard normal number is with probability p, 0 < p < 1: Φ⁻¹(p). */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  // Newton's method from 0. Φ is concave there: no step goes too far, and each but the last ones upwards.
  let x = 0;
  for (;;) {
    const next = x + (p - 0.5 - aboveHalf(x)) / density(x);
    if (!(next > x)) return x;
    x = next;
  }
}
