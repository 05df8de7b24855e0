// Loader of conv2dWeightGrad: x [N, H, W, Cx], y [N, OH, OW, Cy] → w [KH, KW, Cx, Cy].
//
//   w[kh, kw, cx, cy] = Σ over n, oh, ow:
//       x[n, oh · stride + kh - padding, ow · stride + kw - padding, cx] · y[n, oh, ow, cy]
//
// w as a matrix has a row for each (kh, kw, cx) and a column for each cy. An outer step is a pixel
// (oh, ow) of y, and k runs over the pictures of the batch: whether a tap is padding is then known
// before the inner loop, and is the same throughout it. Rows of w with the same kh are neighbours
// (kw, cx) in x at every pixel; they are counted as if there were a multiple of 4 of them, so that
// four rows never have two kh.

const A_ALONG_K = false;
const B_ALONG_K = false;
const KERNEL_X = 4;
const STRIDE = 2;
const PADDING = 1;
const TAIL = true; // N is no multiple of 4

struct Params {
  rows: u32, // KH · kernelRow
  columns: u32, // Cy
  size: u32,
  splits: u32,
  share: u32,
  batch: u32, // N
  channels: u32, // Cx
  height: u32,
  width: u32,
  outHeight: u32,
  outWidth: u32,
  kernelRow: u32, // KW · Cx, rounded up to a multiple of 4
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // x
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // y
@group(0) @binding(3) var<uniform> params: Params;

// See load_matmul.wgsl.
fn fetchA(i: i32, stride: i32) -> vec4f {
  return a[i >> 2];
}
fn keepA(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, u32(at) < u32(end));
}
fn fetchB(i: i32, stride: i32) -> vec4f {
  return b[i >> 2];
}
fn keepB(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, u32(at) < u32(end));
}

struct LineA {
  y: i32, // kh - padding
  x: i32, // element (kw - padding, cx) of a row of x
}
struct RunA {
  at: i32, // element of the first picture
  x: i32, // element of a row of x
  end: i32, // elements of a row, or 0 if it is padding
}

fn lineA(row: i32, phase: i32) -> LineA {
  let kernelRow = i32(params.kernelRow);
  let y = row / kernelRow;
  return LineA(y - PADDING, row - y * kernelRow - PADDING * i32(params.channels));
}

fn runA(line: LineA, outer: i32) -> RunA {
  let outWidth = i32(params.outWidth);
  let row = i32(params.width * params.channels);
  let oh = outer / outWidth;
  let y = oh * STRIDE + line.y;
  let x = (outer - oh * outWidth) * STRIDE * i32(params.channels) + line.x;
  return RunA(y * row + x, x, select(0, row, u32(y) < params.height));
}

fn loadA(run: RunA, k: i32) -> vec4f {
  let v = fetchA(run.at + k * i32(params.height * params.width * params.channels), 1);
  return keepA(v, run.x, select(run.end, 0, TAIL && k >= i32(params.batch)));
}

struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column);
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at + outer * i32(params.columns));
}
fn loadB(run: RunB, k: i32) -> vec4f {
  let stride = i32(params.outHeight * params.outWidth * params.columns);
  let v = fetchB(run.at + k * stride, select(1, stride, B_ALONG_K));
  if (!TAIL) {
    return v;
  }
  if (B_ALONG_K) {
    return keepB(v, k, i32(params.batch));
  }
  return select(vec4f(), v, k < i32(params.batch));
}

fn outerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), i32(params.outHeight * params.outWidth)));
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(0, i32(params.batch));
}

fn place(row: i32, phase: i32) -> i32 {
  let kernelRow = i32(params.kernelRow);
  let kh = row / kernelRow;
  let within = row - kh * kernelRow;
  let used = KERNEL_X * i32(params.channels);
  let inside = row < i32(params.rows) && within < used;
  return select(-1, (kh * used + within) * i32(params.columns), inside);
}
