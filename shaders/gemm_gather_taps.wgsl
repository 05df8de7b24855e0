// Second half of conv2dInputGrad for few channels: x [N, H, W, Cx] from products [N, OH, OW, KH, KW, Cx],
// which are the matrix product of y's pixels and all weights.
//
//   x[n, ih, iw] = Σ over oh, kh with ih + padding = oh · stride + kh, likewise ow, kw:
//                  products[n, oh, ow, kh, kw]
//
// One invocation a pixel of x, all its channels, of which V holds one or four. With 1 or 3 channels,
// the convolution as one product would have only so many columns, and load as much as with 16.

alias V = f32;
const WORKGROUP = 64;
const KERNEL_X = 4;
const KERNEL_Y = 4;
const TAPS_X = 2; // ⌈KERNEL_X / STRIDE⌉
const TAPS_Y = 2;
const STRIDE = 2;
const PADDING = 1;

struct Params {
  pixels: u32, // N · H · W
  channels: u32, // in units of V
  height: u32,
  width: u32,
  outHeight: u32,
  outWidth: u32,
}

@group(0) @binding(0) var<storage, read> products: array<V>;
@group(0) @binding(1) var<storage, read_write> result: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = i32(id.y * groups.x * WORKGROUP + id.x);
  if (pixel >= i32(params.pixels)) {
    return;
  }
  let width = i32(params.width);
  let height = i32(params.height);
  let outWidth = i32(params.outWidth);
  let outHeight = i32(params.outHeight);
  let channels = i32(params.channels);
  let row = pixel / width;
  let n = row / height;
  let y = row - n * height + PADDING;
  let x = pixel - row * width + PADDING;
  let lastY = y / STRIDE;
  let lastX = x / STRIDE;
  let firstTapY = y - lastY * STRIDE;
  let firstTapX = x - lastX * STRIDE;
  for (var c = 0; c < channels; c++) {
    var total = V();
    for (var ty = 0; ty < TAPS_Y; ty++) {
      let oh = lastY - ty;
      let kh = firstTapY + ty * STRIDE;
      for (var tx = 0; tx < TAPS_X; tx++) {
        let ow = lastX - tx;
        let kw = firstTapX + tx * STRIDE;
        let at = (((n * outHeight + oh) * outWidth + ow) * KERNEL_Y + kh) * KERNEL_X + kw;
        let inside = u32(oh) < params.outHeight && kh < KERNEL_Y && u32(ow) < params.outWidth && kw < KERNEL_X;
        total += select(V(), products[at * channels + c], inside);
      }
    }
    let i = u32(pixel * channels + c);
    result[i] = map(total, i);
  }
}
