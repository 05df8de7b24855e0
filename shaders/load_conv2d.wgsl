// Loader of conv2d: x [N, H, W, Cx], w [KH, KW, Cx, Cy] → y [N, OH, OW, Cy].
//
// y as a matrix has a row for each pixel and a column for each of the Cy channels. What one output
// pixel needs of one row of x is KW · Cx neighbouring values, and the weights that they meet are a
// matrix [KW · Cx, Cy] as they lie: so an outer step is a row kh of the kernel, and k runs over
// (kw, cx) at once, even for 1 or 3 channels. Padding is where k leaves the row of x.

const A_ALONG_K = true;
const B_ALONG_K = false;
const KERNEL_X = 4;
const KERNEL_Y = 4;
const STRIDE = 2;
const PADDING = 1;
const MASKED = true; // k may leave the row of x, by padding or by a KW · Cx that is no multiple of 4
const TAIL = true; // KW · Cx is no multiple of 4

struct Params {
  rows: u32, // N · OH · OW
  columns: u32, // Cy
  size: u32,
  splits: u32,
  share: u32,
  channels: u32, // Cx
  height: u32,
  width: u32,
  outHeight: u32,
  outWidth: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // x
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // w
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
  image: i32, // rows of x before this picture
  y: i32, // row of x under the kernel's first row, perhaps in the padding
  x: i32, // element of that row under the kernel's first column
}
struct RunA {
  row: i32, // where the row of x begins, plus `at`
  at: i32,
  end: i32, // elements at … end - 1 of the row are used; 0 if it is padding
}

fn lineA(row: i32, phase: i32) -> LineA {
  let outWidth = i32(params.outWidth);
  let outHeight = i32(params.outHeight);
  let y = row / outWidth;
  let n = y / outHeight;
  return LineA(
    n * i32(params.height),
    (y - n * outHeight) * STRIDE - PADDING,
    ((row - y * outWidth) * STRIDE - PADDING) * i32(params.channels),
  );
}

fn runA(line: LineA, outer: i32) -> RunA {
  let y = line.y + outer;
  let row = i32(params.width * params.channels);
  let end = clamp(line.x + KERNEL_X * i32(params.channels), 0, row);
  let inside = u32(y) < params.height;
  return RunA((line.image + y) * row + line.x, line.x, select(0, end, inside));
}

fn loadA(run: RunA, k: i32) -> vec4f {
  let v = fetchA(run.row + k, 1);
  if (!MASKED) {
    return v;
  }
  return keepA(v, run.at + k, run.end);
}

struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column);
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at + outer * KERNEL_X * i32(params.channels * params.columns));
}
fn loadB(run: RunB, k: i32) -> vec4f {
  let stride = i32(params.columns);
  let v = fetchB(run.at + k * stride, select(1, stride, B_ALONG_K));
  if (!TAIL) {
    return v;
  }
  let end = KERNEL_X * i32(params.channels);
  if (B_ALONG_K) {
    return keepB(v, k, end);
  }
  return select(vec4f(), v, k < end);
}

fn outerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), KERNEL_Y));
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(0, KERNEL_X * i32(params.channels));
}

fn place(row: i32, phase: i32) -> i32 {
  return select(-1, row * i32(params.columns), row < i32(params.rows));
}
