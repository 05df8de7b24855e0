// conv2d with a 4 × 4 kernel, stride 2 and padding 1, by Winograd's F(2, 2), which takes 9 products
// for 16: x [N, H, W, Cx] → V [9, T, 4 · Cx].
//
// Rows and columns of the padded x are even or odd, which makes 4 planes, and y is the sum of 4
// convolutions of planes with 2 × 2 kernels at stride 1. In one dimension, with ry the parity:
//
//   y[o] = Σ over ry, t in {0, 1}: x[2 · (o + t) + ry - 1] · w[2 · t + ry]
//
// Two neighbours of y need 3 values of a plane, d, and 2 weights, g:
//
//   y0 = d0 · g0 + d1 · g1 = m0 + m1      m0 = (d0 - d1) · g0
//   y1 = d1 · g0 + d2 · g1 = m1 + m2      m1 = d1 · (g0 + g1)
//                                         m2 = (d2 - d1) · g1
//
// Nested in two dimensions there are 9 m of a tile of 2 × 2 pixels of y. Sums over planes and channels
// commute with all that, so each m is one product of matrices: a row for each of the
// T = N · OH/2 · OW/2 tiles, k over (ry, rx, cx).
//
// One invocation 4 channels of a plane of a tile: 9 loads, 9 stores.

const WORKGROUP = 64;

struct Params {
  count: u32, // T · 4 · Cx/4
  channels: u32, // Cx/4
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> transformed: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= params.count) {
    return;
  }
  let channels = i32(params.channels);
  let height = i32(params.height);
  let width = i32(params.width);
  let planeOfTile = i32(i) / channels;
  let channel = i32(i) - planeOfTile * channels;
  let tile = planeOfTile / 4;
  let across = width / 4;
  let down = height / 4;
  let tileRow = tile / across;
  let n = tileRow / down;
  let top = (tileRow - n * down) * 4 + ((planeOfTile >> 1) & 1) - 1;
  let left = (tile - tileRow * across) * 4 + (planeOfTile & 1) - 1;
  let first = ((n * height + top) * width + left) * channels + channel;
  // Of the 3 rows only the first can be above the picture, and only the last below: likewise columns.
  let above = top >= 0;
  let below = top + 4 < height;
  let before = left >= 0;
  let after = left + 4 < width;
  let step = 2 * channels;
  let down1 = first + 2 * width * channels;
  let down2 = first + 4 * width * channels;
  let zero = vec4f();
  let d00 = select(zero, x[first], above && before);
  let d01 = select(zero, x[first + step], above);
  let d02 = select(zero, x[first + 2 * step], above && after);
  let d10 = select(zero, x[down1], before);
  let d11 = x[down1 + step];
  let d12 = select(zero, x[down1 + 2 * step], after);
  let d20 = select(zero, x[down2], below && before);
  let d21 = select(zero, x[down2 + step], below);
  let d22 = select(zero, x[down2 + 2 * step], below && after);

  let count = params.count;
  let e0 = d00 - d10;
  let e1 = d01 - d11;
  let e2 = d02 - d12;
  transformed[i] = e0 - e1;
  transformed[i + count] = e1;
  transformed[i + 2 * count] = e2 - e1;
  transformed[i + 3 * count] = d10 - d11;
  transformed[i + 4 * count] = d11;
  transformed[i + 5 * count] = d12 - d11;
  let f0 = d20 - d10;
  let f1 = d21 - d11;
  let f2 = d22 - d12;
  transformed[i + 6 * count] = f0 - f1;
  transformed[i + 7 * count] = f1;
  transformed[i + 8 * count] = f2 - f1;
}
