// Stochastic gradient descent with momentum, all parameters of a net in one dispatch, as PyTorch
// computes it: v ← μ·v + g, p ← p − lr·v.
//
// Vectors of 4 elements lie in blocks of 16 × 16. An invocation takes one column of a block, so that
// 16 neighbours read 256 consecutive bytes, and leaves Σ g² of its elements behind.

const LANES = 16u;
const STEPS = 16u;
const WORKGROUP = 64;

struct Params {
  size: u32,
  spans: u32,
}

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
// Learning rate, μ.
@group(0) @binding(3) var<storage, read> hyper: array<f32, 2>;
@group(0) @binding(4) var<storage, read_write> gradSquares: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// Buffers are a whole number of vectors long, but what lies beyond the last element is not ours:
// it is read as zero.
fn clip(value: vec4f, quad: u32) -> vec4f {
  if (4 * quad + 4 <= params.size) {
    return value;
  }
  return select(vec4f(), value, 4 * quad + vec4u(0, 1, 2, 3) < vec4u(params.size));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * WORKGROUP + id.x;
  if (index >= params.spans) {
    return;
  }
  let quads = (params.size + 3) / 4;
  var squares = vec4f();
  var i = index / LANES * (LANES * STEPS) + index % LANES;
  for (var step = 0u; step < STEPS && i < quads; step++) {
    let g = clip(gradients[i], i);
    let v1 = hyper[1] * clip(v[i], i) + g;
    squares += g * g;
    v[i] = v1;
    weights[i] = clip(weights[i], i) - hyper[0] * v1;
    i += LANES;
  }
  gradSquares[index] = (squares.x + squares.y) + (squares.z + squares.w);
}
