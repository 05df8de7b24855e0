// Reduction over any axes. The input's axes are folded to kept and reduced ones in turn,
// [K1, R1, K2, R2, K3]: neighbours of one kind are one axis, and sizes of 1 stand for none.
//
//   result[k1, k2, k3] = scale · Σ_{r1, r2} load(k1, r1, k2, r2, k3)
//
// One invocation an output, serial over its part: on software adapters a tree in workgroup memory
// costs 3 to 14 times more. Long sums are split over R1 into slices, whose results a second
// dispatch of the same kernel adds.
//
// V = vec4f works on four neighbours at once: of K3, or, with HORIZONTAL, of the innermost reduced
// axis, which are combined at the end. Sizes count elements of V.

alias V = f32;
alias R = f32; // what is stored: V, or f32 with HORIZONTAL
const WORKGROUP = 64;

struct Params {
  k2: u32,
  k3: u32,
  r1: u32,
  r2: u32,
  outputs: u32, // K1 · K2 · K3
  slices: u32,
  slice: u32, // r1 in a slice
  scale: f32,
}

@group(0) @binding(0) var<storage, read> source: array<V>;
@group(0) @binding(1) var<storage, read_write> result: array<R>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(v: V, i: u32) -> V {
  return source[i];
}

const START = 0.0;

fn combine(a: V, b: V) -> V {
  return a + b;
}

fn finish(v: V) -> R {
  return v;
}

fn map(v: R, i: u32) -> R {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let o = id.y * groups.x * WORKGROUP + id.x;
  if (o >= params.outputs * params.slices) {
    return;
  }
  let slice = o / params.outputs;
  let output = o % params.outputs;
  let k3 = output % params.k3;
  let k12 = output / params.k3;
  let k2 = k12 % params.k2;
  let k1 = k12 / params.k2;

  let inner = params.k2 * params.r2 * params.k3; // stride of r1
  let first = slice * params.slice;
  let last = min(first + params.slice, params.r1);
  let base = k1 * params.r1 * inner + k2 * params.r2 * params.k3 + k3;

  var total = V(START);
  for (var r1 = first; r1 < last; r1++) {
    // Each row of r2 is summed on its own first: shorter sums round less.
    var row = V(START);
    var at = base + r1 * inner;
    for (var r2 = 0u; r2 < params.r2; r2++) {
      row = combine(row, load(V(0.0), at));
      at += params.k3;
    }
    total = combine(total, row);
  }
  result[o] = map(finish(total) * R(params.scale), o);
}
