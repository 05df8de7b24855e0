// Draws a grid of pictures from the buffer that a generator wrote: values in [-1, 1], channels last.
// One triangle covers the canvas; each fragment finds its picture and pixel, or the gap between.

struct Params {
  count: u32,
  size: u32, // side of a picture
  channels: u32,
  columns: u32,
  gap: u32, // pixels between pictures, and around them
  offset: u32, // of the first picture, in elements
}

@group(0) @binding(0) var<storage, read> pictures: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@vertex
fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i % 2u) * 4.0 - 1.0, f32(i / 2u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn paint(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let background = vec4f(0.0, 0.0, 0.0, 1.0);
  let pitch = params.size + params.gap;
  let at = vec2u(position.xy);
  let cell = at / pitch;
  let inside = at % pitch;
  let index = cell.y * params.columns + cell.x;
  if (any(inside < vec2u(params.gap)) || cell.x >= params.columns || index >= params.count) {
    return background;
  }
  let pixel = inside - vec2u(params.gap);
  let start = params.offset + ((index * params.size + pixel.y) * params.size + pixel.x) * params.channels;
  var colour = vec4f(pictures[start] * 0.5 + 0.5);
  colour.w = 1.0;
  if (params.channels >= 3u) {
    colour.y = pictures[start + 1u] * 0.5 + 0.5;
    colour.z = pictures[start + 2u] * 0.5 + 0.5;
  }
  return clamp(colour, vec4f(0.0), vec4f(1.0));
}
