// Loader of conv2dWeightGrad: x [N, H, W, Cx], y [N, OH, OW, Cy] → w [KH, KW, Cx, Cy].
//
//   w[kh, kw, cx, cy] = Σ over n, oh, ow:
//       x[n, oh · stride + kh - padding, ow · stride + kw - padding, cx] · y[n, oh, ow, cy]
//
// w as a matrix has a row for each (kh, kw, cx) and a column for each cy. An outer step is a row
// (n, oh) of y, and k runs over its pixels. Rows of w with the same kh are neighbours (kw, cx) in
// x at every pixel; they are counted as if there were a multiple of 4 of them, so that four rows
// never have two kh.

const A_ALONG_K = false;
const B_ALONG_K = false;
const KERNEL_X = 4;
const STRIDE = 2;
const PADDING = 1;
const MASKED = true; // by padding, or as OW is no multiple of 4
const TAIL = true; // OW is no multiple of 4

struct Params {
  rows: u32, // KH · rowsPerTap
  columns: u32, // Cy
  size: u32,
  splits: u32,
  share: u32,
  channels: u32, // Cx
  height: u32,
  width: u32,
  outHeight: u32,
  outWidth: u32,
  steps: u32, // N · OH
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
  row: i32, // where the row of x begins, plus `at`
  at: i32,
  end: i32, // elements of the row, or 0 if it is padding
}

fn lineA(row: i32, phase: i32) -> LineA {
  let kernelRow = i32(params.kernelRow);
  let y = row / kernelRow;
  return LineA(y - PADDING, row - y * kernelRow - PADDING * i32(params.channels));
}

fn runA(line: LineA, outer: i32) -> RunA {
  let height = i32(params.height);
  let outHeight = i32(params.outHeight);
  let row = i32(params.width * params.channels);
  let n = outer / outHeight;
  let y = (outer - n * outHeight) * STRIDE + line.y;
  return RunA((n * height + y) * row + line.x, line.x, select(0, row, u32(y) < params.height));
}

fn loadA(run: RunA, k: i32) -> vec4f {
  let offset = k * STRIDE * i32(params.channels);
  let v = fetchA(run.row + offset, 1);
  if (!MASKED) {
    return v;
  }
  let end = select(run.end, 0, TAIL && k >= i32(params.outWidth));
  return keepA(v, run.at + offset, end);
}

struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column);
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at + outer * i32(params.outWidth * params.columns));
}
fn loadB(run: RunB, k: i32) -> vec4f {
  let stride = i32(params.columns);
  let v = fetchB(run.at + k * stride, select(1, stride, B_ALONG_K));
  if (!TAIL) {
    return v;
  }
  if (B_ALONG_K) {
    return keepB(v, k, i32(params.outWidth));
  }
  return select(vec4f(), v, k < i32(params.outWidth));
}

fn outerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), i32(params.steps)));
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(0, i32(params.outWidth));
}

fn place(row: i32, phase: i32) -> i32 {
  let kernelRow = i32(params.kernelRow);
  let kh = row / kernelRow;
  let within = row - kh * kernelRow;
  let used = KERNEL_X * i32(params.channels);
  let inside = row < i32(params.rows) && within < used;
  return select(-1, (kh * used + within) * i32(params.columns), inside);
}
