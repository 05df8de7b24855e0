// Weights for winograd_input.wgsl, which explains them: w [4, 4, Cx, Cy] → U [9, 4 · Cx, Cy], rows in
// order of (ry, rx, cx). One invocation 4 channels of y of a row: 4 loads, 9 stores.

const WORKGROUP = 64;

struct Params {
  count: u32, // 4 · Cx · Cy/4
  channels: u32, // Cx · Cy/4
}

@group(0) @binding(0) var<storage, read> w: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> transformed: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= params.count) {
    return;
  }
  let channels = params.channels;
  let plane = i / channels;
  let tap = (plane >> 1) * 4 + (plane & 1);
  let first = i - plane * channels + tap * channels;
  let g00 = w[first];
  let g01 = w[first + 2 * channels];
  let g10 = w[first + 8 * channels];
  let g11 = w[first + 10 * channels];
  let s0 = g00 + g10;
  let s1 = g01 + g11;

  let count = params.count;
  transformed[i] = g00;
  transformed[i + count] = g00 + g01;
  transformed[i + 2 * count] = g01;
  transformed[i + 3 * count] = s0;
  transformed[i + 4 * count] = s0 + s1;
  transformed[i + 5 * count] = s1;
  transformed[i + 6 * count] = g10;
  transformed[i + 7 * count] = g10 + g11;
  transformed[i + 8 * count] = g11;
}
