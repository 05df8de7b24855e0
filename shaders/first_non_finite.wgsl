// Looks for numbers that are infinite or NaN, dispatch 1 of 2, once for each tensor: the first one of
// every slice. Numbers are read as their bits: a compiler may assume that NaN does not occur.
//
// One invocation reads one slice of consecutive vectors. Slices of all tensors lie in one buffer, in
// order, so that the first of all is in the first slice that has one.

const WORKGROUP = 64;
// All ones in the exponent's place.
const EXPONENT = 0x7f800000u;
const NONE = 0xffffffffu;

struct Params {
  size: u32,
  vectors: u32,
  sliceVectors: u32,
  slices: u32,
  firstSlice: u32, // of this tensor, among those of all
  tensor: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
// For each slice: the tensor's number or NONE, the element, its bits, 0.
@group(0) @binding(1) var<storage, read_write> found: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slice = id.y * groups.x * WORKGROUP + id.x;
  if (slice >= params.slices) {
    return;
  }
  let first = slice * params.sliceVectors;
  let last = min(first + params.sliceVectors, params.vectors);
  var result = vec4u(NONE, 0, 0, 0);
  for (var at = first; at < last; at++) {
    let bits = x[at];
    let odd = (bits & vec4u(EXPONENT)) == vec4u(EXPONENT);
    if (any(odd)) {
      let lane = select(select(select(3u, 2u, odd.z), 1u, odd.y), 0u, odd.x);
      // What is behind the last element is nobody's.
      if (at * 4 + lane < params.size) {
        result = vec4u(params.tensor, at * 4 + lane, bits[lane], 0);
      }
      break;
    }
  }
  found[params.firstSlice + slice] = result;
}
