// Which items make up a batch: a permutation of the data set that is computed, not stored.
//
// Position p of the endless sequence of epochs is number p mod count of epoch ⌊p / count⌋. A Feistel
// network over 2·half bits, keyed by seed, stream and epoch, permutes the numbers below 4^half ≥ count; it
// is walked until it lands below count, which makes it a permutation of those (Black & Rogaway
// 2002), in fewer than 4 passes on average.

const WORKGROUP = 64;
const GOLDEN = 0x9e3779b9u;

struct Params {
  count: u32,
  size: u32,
  first: u32,
  stride: u32,
  stream: u32,
  half: u32,
}

// Seed (low, high), step, 0.
@group(0) @binding(0) var<storage, read> state: vec4u;
@group(0) @binding(1) var<storage, read_write> indices: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

// The finaliser of MurmurHash3.
fn mix32(word: u32) -> u32 {
  var x = word;
  x = (x ^ (x >> 16)) * 0x85ebca6b;
  x = (x ^ (x >> 13)) * 0xc2b2ae35;
  return x ^ (x >> 16);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.y * groups.x * WORKGROUP + id.x;
  if (item >= params.size) {
    return;
  }
  let position = state.z * params.stride + params.first + item;
  let epoch = position / params.count;
  let key = mix32(mix32(mix32(state.x + GOLDEN) + (state.y ^ params.stream) + GOLDEN) + epoch + GOLDEN);
  let mask = (1u << params.half) - 1;
  var n = position - epoch * params.count;
  loop {
    var left = n >> params.half;
    var right = n & mask;
    for (var round = 1u; round <= 6; round++) {
      let next = left ^ (mix32(right ^ mix32(key + round * GOLDEN)) & mask);
      left = right;
      right = next;
    }
    n = (left << params.half) | right;
    if (n < params.count) {
      break;
    }
  }
  indices[item] = n;
}
