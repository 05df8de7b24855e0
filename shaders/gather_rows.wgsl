// Rows of a resident data set of floats: y[b] = data[indices[b]], a batch of them.
// One invocation a vector V of the result; vectors need rows of whole ones.

alias V = f32;
const WORKGROUP = 64;

struct Params {
  // Elements of V, in all and of a row.
  count: u32,
  row: u32,
}

@group(0) @binding(0) var<storage, read> data: array<V>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i < params.count) {
    let b = i / params.row;
    y[i] = map(data[indices[b] * params.row + i - b * params.row], i);
  }
}
