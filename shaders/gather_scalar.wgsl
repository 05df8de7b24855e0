// The slots of gather_pictures.wgsl that load vectors, for single bytes.

alias V = f32;

struct Params {
  pictures: u32,
  size: u32,
  width: u32,
  channels: u32,
  stream: u32,
}

const WIDTH = 1u;

@group(0) @binding(0) var<storage, read> data: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

fn byteAt(at: u32) -> f32 {
  return f32((data[at / 4] >> (8 * (at % 4))) & 255);
}

fn load(at: u32) -> V {
  return byteAt(at);
}

fn loadMirrored(start: u32, at: u32) -> V {
  let pixel = at / params.channels;
  let column = pixel % params.width;
  return byteAt(start + at + params.channels * (params.width - 1) - 2 * params.channels * column);
}
