// Element-wise functions that name their argument more than once, for scalars and vectors alike.
// The expressions of the element-wise table in src/ops/elementwise.ts call them.

alias V = f32;

fn square(x: V) -> V {
  return x * x;
}

// 1 / (1 + exp(-x)). For x << 0 exp(-x) overflows to infinity and the quotient is 0: clamped, so
// that no adapter meets an infinity. sigmoid(-87) is already the smallest normal float.
fn sigmoid(x: V) -> V {
  return V(1.0) / (V(1.0) + exp(-clamp(x, V(-87.0), V(87.0))));
}

fn leakyRelu(x: V, slope: V) -> V {
  return select(x * slope, x, x > V(0.0));
}

// log(1 + u) for 0 <= u <= 1. log() of a sum loses the digits of a small u; for u < 1/16 the series
// u - u²/2 + u³/3 - … up to u⁶ is exact to 1e-8 relative.
fn logOnePlus(u: V) -> V {
  let series = u * (V(1.0) - u * (V(0.5) - u * (V(0.33333333) - u * (V(0.25) - u * (V(0.2) - u * V(0.16666667))))));
  return select(log(V(1.0) + u), series, u < V(0.0625));
}

// log(1 + exp(x)) without overflow.
fn softplus(x: V) -> V {
  return max(x, V(0.0)) + logOnePlus(exp(-abs(x)));
}

fn bceWithLogits(x: V, t: V) -> V {
  return max(x, V(0.0)) - x * t + logOnePlus(exp(-abs(x)));
}

@compute @workgroup_size(1)
fn main() {
  var sink = square(V(1.0)) + sigmoid(V(1.0)) + leakyRelu(V(1.0), V(0.2));
  sink += softplus(V(1.0)) + bceWithLogits(V(1.0), V(1.0));
  _ = sink;
}
