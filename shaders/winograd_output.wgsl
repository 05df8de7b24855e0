// The last part of winograd_input.wgsl, which explains it: M [9, T, Cy] → y [N, OH, OW, Cy]. One
// invocation a value of type V in a tile of 2 × 2 pixels: 9 loads, 4 stores.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  count: u32, // T · channels
  channels: u32, // Cy in units of V
  across: u32, // OW/2
}

@group(0) @binding(0) var<storage, read> products: array<V>;
@group(0) @binding(1) var<storage, read_write> result: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let count = params.count;
  if (i >= count) {
    return;
  }
  let m10 = products[i + 3 * count];
  let m11 = products[i + 4 * count];
  let m12 = products[i + 5 * count];
  let upper0 = products[i] + m10;
  let upper1 = products[i + count] + m11;
  let upper2 = products[i + 2 * count] + m12;
  let lower0 = m10 + products[i + 6 * count];
  let lower1 = m11 + products[i + 7 * count];
  let lower2 = m12 + products[i + 8 * count];

  let tile = i / params.channels;
  let channel = i - tile * params.channels;
  let tileRow = tile / params.across;
  let column = tile - tileRow * params.across;
  let row = 2 * params.across * params.channels;
  let first = 2 * tileRow * row + 2 * column * params.channels + channel;
  // A loop, so that `map` is compiled once and not four times.
  var values = array(upper0 + upper1, upper1 + upper2, lower0 + lower1, lower1 + lower2);
  for (var k = 0u; k < 4; k++) {
    let at = first + (k >> 1) * row + (k & 1) * params.channels;
    result[at] = map(values[k], at);
  }
}
