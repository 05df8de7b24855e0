// Overlay of reduce.wgsl: the largest element instead of the sum.

alias V = f32;

const START = -3.4028234e38;

fn combine(a: V, b: V) -> V {
  return max(a, b);
}

@compute @workgroup_size(1)
fn main() {
  _ = combine(V(START), V(0.0));
}
