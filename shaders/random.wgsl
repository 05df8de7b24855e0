// Random numbers as a function of (seed, stream, step, element): one invocation makes the four of
// one Philox block. Uniform on (−1, 1); random_normal.wgsl fills the slot `distribute`.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  size: u32,
  stream: u32,
}

// Seed (low, high), step, 0.
@group(0) @binding(0) var<storage, read> state: vec4u;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

// Slot: philox.wgsl.
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  return counter ^ key.xyxy;
}

fn map(v: V, i: u32) -> V {
  return v;
}

// With n the upper 23 bits and u = (n + ½)·2⁻²³: 2u − 1 = (2n + 1 − 2²³)·2⁻²³, each step exact.
fn distribute(words: vec4u) -> vec4f {
  return vec4f(vec4i(words >> vec4u(9)) * 2 + (1 - 8388608)) * 0x1p-23;
}

// Slot: random_scalar.wgsl, where the output is not made of whole vectors.
fn store(block: u32, values: vec4f) {
  y[block] = map(values, block);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let block = id.y * groups.x * WORKGROUP + id.x;
  if (4 * block < params.size) {
    store(block, distribute(philox(vec4u(block, params.stream, state.z, 0), state.xy)));
  }
}
