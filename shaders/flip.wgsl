// The slot `mirrored` of gather_pictures.wgsl: a random bit for each picture of a batch. The last
// word of the counter keeps these bits apart from random.wgsl's.

struct Params {
  pictures: u32,
  size: u32,
  width: u32,
  channels: u32,
  stream: u32,
}

// Seed (low, high), step, 0.
@group(0) @binding(4) var<storage, read> state: vec4u;
@group(0) @binding(3) var<uniform> params: Params;

// Slot: philox.wgsl.
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  return counter ^ key.xyxy;
}

fn mirrored(picture: u32) -> bool {
  return (philox(vec4u(picture, params.stream, state.z, 1), state.xy).x & 1) == 1;
}
