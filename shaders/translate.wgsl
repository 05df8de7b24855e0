// Pictures moved by whole pixels, each by numbers of its own; zeros come in from outside.
// One invocation a vector V of the result; vectors need pixels of whole ones.

alias V = f32;
const WORKGROUP = 64;
// −1 moves them back.
const SIGN = 1;

struct Params {
  // Elements of V in all.
  count: u32,
  height: u32,
  width: u32,
  // Elements of V in a pixel.
  depth: u32,
}

@group(0) @binding(0) var<storage, read> x: array<V>;
// Rows and columns, rounded to the nearest whole number.
@group(0) @binding(1) var<storage, read> shifts: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  if (i >= params.count) {
    return;
  }
  let size = vec2i(vec2u(params.height, params.width));
  let pixel = i / params.depth;
  let line = pixel / params.width;
  let picture = line / params.height;
  let shift = SIGN * vec2i(floor(clamp(shifts[picture], vec2f(-1e6), vec2f(1e6)) + 0.5));
  let source = vec2i(vec2u(line % params.height, pixel % params.width)) - shift;
  var v = V();
  if (all(source >= vec2i()) && all(source < size)) {
    let at = (i32(picture) * size.x + source.x) * size.y + source.y;
    v = x[u32(at) * params.depth + i % params.depth];
  }
  y[i] = map(v, i);
}
