// A batch of pictures as floats in [−1, 1], x/127.5 − 1, straight from a resident data set of bytes.
//
// A row of the grid is one picture. An invocation makes every so many-th vector V of it: several, so
// that drawing the bit for `mirrored` does not count. Four bytes share a word, the first in its
// lowest bits. Vectors need pictures of whole words; gather_scalar.wgsl does not.
// flip.wgsl fills the slot `mirrored`.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  pictures: u32,
  // Bytes of a picture.
  size: u32,
  // Pixels in a line, bytes of a pixel.
  width: u32,
  channels: u32,
  stream: u32,
}

const WIDTH = 4u;

@group(0) @binding(0) var<storage, read> data: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

fn mirrored(picture: u32) -> bool {
  return false;
}

fn byteAt(at: u32) -> f32 {
  return f32((data[at / 4] >> (8 * (at % 4))) & 255);
}

// The bytes at and after byte `at`.
fn load(at: u32) -> V {
  return V((vec4u(data[at / 4]) >> vec4u(0, 8, 16, 24)) & vec4u(255));
}

// Likewise byte `at` of the mirror image of the picture that starts at `start`.
fn loadMirrored(start: u32, at: u32) -> V {
  var pixel = at / params.channels;
  var channel = at - pixel * params.channels;
  var column = pixel % params.width;
  var v = V();
  for (var k = 0; k < 4; k++) {
    v[k] = byteAt(start + (pixel + params.width - 1 - 2 * column) * params.channels + channel);
    channel++;
    if (channel == params.channels) {
      channel = 0;
      pixel++;
      column = select(column + 1, 0, column + 1 == params.width);
    }
  }
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let picture = id.z * groups.y + id.y;
  if (picture >= params.pictures) {
    return;
  }
  let start = indices[picture] * params.size;
  let vectors = params.size / WIDTH;
  let flip = mirrored(picture);
  for (var vector = id.x; vector < vectors; vector += groups.x * WORKGROUP) {
    var v = V();
    if (flip) {
      v = loadMirrored(start, vector * WIDTH);
    } else {
      v = load(start + vector * WIDTH);
    }
    let i = picture * vectors + vector;
    // Not x/127.5 − 1, which is off by a rounding error where it should be 0 or 1.
    y[i] = map((2 * v - 255) * (1.0 / 255), i);
  }
}
