// Looks for numbers that are infinite or NaN, dispatch 2 of 2: the first slice that has one. A single
// invocation, as there are a few thousand slices at most and one look in 25 steps.

const NONE = 0xffffffffu;

struct Params {
  slices: u32,
}

@group(0) @binding(0) var<storage, read> found: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> result: vec4u;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  var first = vec4u(NONE, 0, 0, 0);
  for (var slice = 0u; slice < params.slices; slice++) {
    if (found[slice].x != NONE) {
      first = found[slice];
      break;
    }
  }
  result = first;
}
