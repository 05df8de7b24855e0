// result = map(Σ over splits of partials[split]), in the order of the splits: the second dispatch
// of a product whose contraction was split. One invocation a value of type V.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  count: u32, // values of type V in a split
  splits: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<V>;
@group(0) @binding(1) var<storage, read_write> result: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= params.count) {
    return;
  }
  var total = partials[i];
  for (var split = 1u; split < params.splits; split++) {
    total += partials[split * params.count + i];
  }
  result[i] = map(total, i);
}
