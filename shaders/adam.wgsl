// Adam (Kingma & Ba 2015), all parameters of a net in one dispatch, as PyTorch computes it:
//
//   m += (g − m)·(1 − β1),  v += (g² − v)·(1 − β2),
//   p −= lr/c1 · m / (√v/√c2 + eps),  with the bias corrections c = 1 − βᵗ,
//
// and as AdamW (Loshchilov & Hutter 2019) where p is multiplied by 1 − lr·DECAY first.
//
// Vectors of 4 elements lie in blocks of 16 × 16. An invocation takes one column of a block, so that
// 16 neighbours read 256 consecutive bytes, and leaves Σ g² of its elements behind.

const SIZE = 4u;
const LANES = 16u;
const STEPS = 16u;
const WORKGROUP = 64;
const DECAY = 0.0;

// Arrays of known size: on a software adapter the bounds of unsized ones cost a third of the time.
const QUADS = (SIZE + 3) / 4;
const SPANS = (SIZE + 4 * LANES * STEPS - 1) / (4 * LANES * STEPS) * LANES;

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f, QUADS>;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, QUADS>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f, QUADS>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f, QUADS>;
// Learning rate, 1 − β1, 1 − β2, eps.
@group(0) @binding(4) var<storage, read> hyper: array<f32, 4>;
// 1 − β1ᵗ, 1 − β2ᵗ.
@group(0) @binding(5) var<storage, read> corrections: array<f32, 2>;
@group(0) @binding(6) var<storage, read_write> gradSquares: array<f32, SPANS>;

// Updates the elements of a vector that are `live` and returns their g². What lies in the buffers
// beyond the last element is not ours: it is taken for zero.
fn update(i: u32, live: vec4<bool>, rate: f32, scale: f32, h: vec4f) -> vec4f {
  let g = select(vec4f(), gradients[i], live);
  let m0 = select(vec4f(), m[i], live);
  let v0 = select(vec4f(), v[i], live);
  let m1 = m0 + (g - m0) * h.x;
  let v1 = v0 + (g * g - v0) * h.y;
  m[i] = m1;
  v[i] = v1;
  weights[i] = select(vec4f(), weights[i], live) * h.w - rate * m1 / (sqrt(v1) * scale + h.z);
  return g * g;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * WORKGROUP + id.x;
  if (index >= SPANS) {
    return;
  }
  let rate = hyper[0] / corrections[0];
  let scale = 1 / sqrt(corrections[1]);
  let h = vec4f(hyper[1], hyper[2], hyper[3], 1 - hyper[0] * DECAY);
  var squares = vec4f();
  var i = index / LANES * (LANES * STEPS) + index % LANES;
  var step = 0u;
  for (; step < STEPS && i < SIZE / 4; step++) {
    squares += update(i, vec4<bool>(true), rate, scale, h);
    i += LANES;
  }
  if (step < STEPS && i < QUADS) {
    squares += update(i, vec4u(0, 1, 2, 3) < vec4u(SIZE % 4), rate, scale, h);
  }
  gradSquares[index] = (squares.x + squares.y) + (squares.z + squares.w);
}
