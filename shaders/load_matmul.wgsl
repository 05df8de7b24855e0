// Loader of matrices, either of them stored transposed: element (r, k) of an operand lies at
// r · rowStride + k · depthStride. A line runs along k where that stride is 1; narrow products also
// run along a B whose k is strided. What is past the end of k is 0.

const A_ALONG_K = true;
const B_ALONG_K = false;
const TAIL = true; // the depth is no multiple of 4

struct Params {
  rows: u32,
  columns: u32,
  size: u32,
  splits: u32,
  share: u32,
  depth: u32,
  aRow: u32,
  aDepth: u32,
  bColumn: u32,
  bDepth: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

// Four elements of A from i on. This one reads vectors, so i is a multiple of 4 and the stride is 1;
// load_a_scalar.wgsl can read anything.
fn fetchA(i: i32, stride: i32) -> vec4f {
  return a[i >> 2];
}
// v, elements `at` to `at + 3` of a row, where these lie in 0 … end - 1, else 0. An unsigned
// comparison tests both ends at once.
fn keepA(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, u32(at) < u32(end));
}

fn fetchB(i: i32, stride: i32) -> vec4f {
  return b[i >> 2];
}
fn keepB(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, u32(at) < u32(end));
}

struct LineA { at: i32 }
struct RunA { at: i32 }
struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineA(row: i32, phase: i32) -> LineA {
  return LineA(row * i32(params.aRow));
}
fn runA(line: LineA, outer: i32) -> RunA {
  return RunA(line.at);
}
fn loadA(run: RunA, k: i32) -> vec4f {
  let v = fetchA(run.at + select(k * i32(params.aDepth), k, A_ALONG_K), 1);
  if (!TAIL) {
    return v;
  }
  if (A_ALONG_K) {
    return keepA(v, k, i32(params.depth));
  }
  return select(vec4f(), v, k < i32(params.depth));
}

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column * i32(params.bColumn));
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at);
}
fn loadB(run: RunB, k: i32) -> vec4f {
  let stride = i32(params.bDepth);
  let v = fetchB(run.at + k * stride, select(1, stride, B_ALONG_K));
  if (!TAIL) {
    return v;
  }
  if (B_ALONG_K) {
    return keepB(v, k, i32(params.depth));
  }
  return select(vec4f(), v, k < i32(params.depth));
}

fn outerRange(split: i32) -> vec2i {
  return vec2i(0, 1);
}
fn innerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), i32(params.depth)));
}

fn place(row: i32, phase: i32) -> i32 {
  return select(-1, row * i32(params.columns), row < i32(params.rows));
}
