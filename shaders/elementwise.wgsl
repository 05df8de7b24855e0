// result[i] = map(0, i): a chain of element-wise operations, or a movement, on its own.
// One invocation an element of V. Grids above 65,535 workgroups are folded into y.

alias V = f32;
const WORKGROUP = 64;

struct Params {
  count: u32, // elements of V
}

@group(0) @binding(0) var<storage, read_write> result: array<V>;
@group(0) @binding(1) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i < params.count) {
    result[i] = map(V(0.0), i);
  }
}
