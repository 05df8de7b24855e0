// Loader of conv2dInputGrad, a transposed convolution: y [N, OH, OW, Cy], w [KH, KW, Cx, Cy] →
// x [N, H, W, Cx].
//
//   x[ih, iw] = Σ over oh, kh with ih + padding = oh · stride + kh, likewise ow, kw:
//               w[kh, kw] · y[oh, ow]
//
// Pixels of x with the same remainders (ih mod stride, iw mod stride) meet the same taps: such a
// phase is a dense convolution with ⌈KH / stride⌉ · ⌈KW / stride⌉ taps over y, in which nothing is
// multiplied by inserted zeros. With ih + padding = q · stride + r the taps are kh = r + t · stride
// at oh = q - t, t = 0, 1, …. The grid's z counts phases; an outer step is a tap; k runs over Cy.
// Phases can differ in their numbers of pixels and of taps: the largest counts, and the surplus is
// not stored, or is 0.

const A_ALONG_K = true;
const B_ALONG_K = true;
const KERNEL_X = 4;
const KERNEL_Y = 4;
const TAPS_X = 2; // ⌈KERNEL_X / STRIDE⌉
const TAPS_Y = 2;
const STRIDE = 2;
const PADDING = 1;
const B_MASKED = true; // some phases have fewer taps, or Cy is no multiple of 4

struct Params {
  rows: u32, // N · ⌈H / stride⌉ · ⌈W / stride⌉
  columns: u32, // Cx
  size: u32,
  splits: u32,
  share: u32,
  channels: u32, // Cy
  height: u32,
  width: u32,
  outHeight: u32,
  outWidth: u32,
  phaseHeight: u32, // ⌈H / stride⌉
  phaseWidth: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // y
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

struct Pixel {
  n: i32,
  y: i32,
  x: i32,
}

// Which pixel of x a row of a phase is.
fn pixelOf(row: i32, phase: i32) -> Pixel {
  let phaseWidth = i32(params.phaseWidth);
  let phaseHeight = i32(params.phaseHeight);
  let y = row / phaseWidth;
  let n = y / phaseHeight;
  return Pixel(
    n,
    (y - n * phaseHeight) * STRIDE + phase / STRIDE,
    (row - y * phaseWidth) * STRIDE + phase % STRIDE,
  );
}

// The first tap of a phase: (kh, kw) for t = 0.
fn firstTap(phase: i32) -> vec2i {
  return vec2i(phase / STRIDE + PADDING, phase % STRIDE + PADDING) % STRIDE;
}

// Tap (kh, kw) of outer step `outer`; it may lie outside the kernel.
fn tapOf(first: vec2i, outer: i32) -> vec2i {
  return first + vec2i(outer / TAPS_X, outer % TAPS_X) * STRIDE;
}
fn isTap(tap: vec2i) -> bool {
  return tap.x < KERNEL_Y && tap.y < KERNEL_X;
}

struct LineA {
  image: i32, // rows of y before this picture
  y: i32, // (oh, ow) that the first tap reads
  x: i32,
  first: vec2i,
}
struct RunA {
  at: i32, // where the pixel of y begins
  end: i32, // Cy, or 0 if there is no such pixel
}

fn lineA(row: i32, phase: i32) -> LineA {
  let pixel = pixelOf(row, phase);
  return LineA(
    pixel.n * i32(params.outHeight),
    (pixel.y + PADDING) / STRIDE,
    (pixel.x + PADDING) / STRIDE,
    firstTap(phase),
  );
}

fn runA(line: LineA, outer: i32) -> RunA {
  let y = line.y - outer / TAPS_X;
  let x = line.x - outer % TAPS_X;
  let inside = u32(y) < params.outHeight && u32(x) < params.outWidth && isTap(tapOf(line.first, outer));
  let channels = i32(params.channels);
  return RunA(
    ((line.image + y) * i32(params.outWidth) + x) * channels,
    select(0, channels, inside),
  );
}

fn loadA(run: RunA, k: i32) -> vec4f {
  return keepA(fetchA(run.at + k, 1), k, run.end);
}

struct LineB {
  column: i32,
  first: vec2i,
}
struct RunB {
  at: i32,
  end: i32,
}

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column, firstTap(phase));
}

fn runB(line: LineB, outer: i32) -> RunB {
  let tap = tapOf(line.first, outer);
  let channels = i32(params.channels);
  return RunB(
    ((tap.x * KERNEL_X + tap.y) * i32(params.columns) + line.column) * channels,
    select(0, channels, isTap(tap)),
  );
}

fn loadB(run: RunB, k: i32) -> vec4f {
  let v = fetchB(run.at + k, 1);
  if (!B_MASKED) {
    return v;
  }
  return keepB(v, k, run.end);
}

fn outerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), TAPS_Y * TAPS_X));
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(0, i32(params.channels));
}

fn place(row: i32, phase: i32) -> i32 {
  let pixel = pixelOf(row, phase);
  let height = i32(params.height);
  let width = i32(params.width);
  let inside = row < i32(params.rows) && pixel.y < height && pixel.x < width;
  let at = ((pixel.n * height + pixel.y) * width + pixel.x) * i32(params.columns);
  return select(-1, at, inside);
}
