// Loader of the nine products of winograd_input.wgsl and winograd_transposed_input.wgsl: V [9, T, depth],
// U [9, depth, columns], each of them perhaps stored transposed → M [9, T, columns], of which phase p is
// V[p] · U[p]. All sizes are multiples of 4 but T.

const A_ALONG_K = true;
const B_ALONG_K = false;

struct Params {
  rows: u32, // T
  columns: u32,
  size: u32,
  splits: u32,
  share: u32,
  depth: u32,
  bColumn: u32, // elements from one column of U to the next
  bDepth: u32, // and from one k
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // V
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // U
@group(0) @binding(3) var<uniform> params: Params;

// See load_matmul.wgsl.
fn fetchA(i: i32, stride: i32) -> vec4f {
  return a[i >> 2];
}
fn fetchB(i: i32, stride: i32) -> vec4f {
  return b[i >> 2];
}

struct LineA { at: i32 }
struct RunA { at: i32 }
struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineA(row: i32, phase: i32) -> LineA {
  return LineA((phase * i32(params.rows) + row) * i32(params.depth));
}
fn runA(line: LineA, outer: i32) -> RunA {
  return RunA(line.at);
}
fn loadA(run: RunA, k: i32) -> vec4f {
  return fetchA(run.at + k, 1);
}

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(phase * i32(params.depth * params.columns) + column * i32(params.bColumn));
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at);
}
fn loadB(run: RunB, k: i32) -> vec4f {
  let stride = i32(params.bDepth);
  return fetchB(run.at + k * stride, select(1, stride, B_ALONG_K));
}

fn outerRange(split: i32) -> vec2i {
  return vec2i(0, 1);
}
fn innerRange(split: i32) -> vec2i {
  let start = split * i32(params.share);
  return vec2i(start, min(start + i32(params.share), i32(params.depth)));
}

fn place(row: i32, phase: i32) -> i32 {
  let rows = i32(params.rows);
  return select(-1, (phase * rows + row) * i32(params.columns), row < rows);
}
