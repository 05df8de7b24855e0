// conv2dInputGrad with a 4 × 4 kernel, stride 2 and padding 1, by the transpose of winograd_input.wgsl,
// which names things: y [N, OH, OW, Cy] → V [9, T, Cy].
//
// What is linear in d is transposed by reading its sums backwards: in one dimension, from two
// neighbours of y to the three values of a plane of x that they meet,
//
//   d0 = m0                m0 = y0 · g0
//   d1 = m1 - m0 - m2      m1 = (y0 + y1) · (g0 + g1)
//   d2 = m2                m2 = y1 · g1
//
// Nested in two dimensions there are 9 m of a tile of 2 × 2 pixels of y, for each plane; each is a
// column of one product of matrices, a row for each tile, k over Cy. The d2 of a tile and the d0 of the
// next are the same pixel, and are added at the end: winograd_transposed_output.wgsl.
//
// One invocation 4 channels of a tile: 4 loads, 9 stores.

const WORKGROUP = 64;

struct Params {
  count: u32, // T · Cy/4
  channels: u32, // Cy/4
  across: u32, // OW/2
}

@group(0) @binding(0) var<storage, read> y: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> transformed: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let count = params.count;
  if (i >= count) {
    return;
  }
  let channels = params.channels;
  let tile = i / channels;
  let channel = i - tile * channels;
  let tileRow = tile / params.across;
  let column = tile - tileRow * params.across;
  let row = 2 * params.across * channels;
  let first = 2 * tileRow * row + 2 * column * channels + channel;
  let y00 = y[first];
  let y01 = y[first + channels];
  let y10 = y[first + row];
  let y11 = y[first + row + channels];
  let s0 = y00 + y10;
  let s1 = y01 + y11;
  transformed[i] = y00;
  transformed[i + count] = y00 + y01;
  transformed[i + 2 * count] = y01;
  transformed[i + 3 * count] = s0;
  transformed[i + 4 * count] = s0 + s1;
  transformed[i + 5 * count] = s1;
  transformed[i + 6 * count] = y10;
  transformed[i + 7 * count] = y10 + y11;
  transformed[i + 8 * count] = y11;
}
