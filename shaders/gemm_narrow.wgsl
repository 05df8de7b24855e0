// C = A · B for at most 4 columns, where tiles of 8 × 8 would waste most of their work: one
// invocation computes 8 rows × all columns, by dot products along k.
//
// Loaders are those of gemm_register.wgsl, which explains them; B's must run along k.

alias V = f32;
const WORKGROUP = 64;
const COLUMNS = 1;
const A_ALONG_K = true;
const B_ALONG_K = true;

struct Params {
  rows: u32,
  columns: u32,
  size: u32, // elements of C
  splits: u32,
  share: u32, // steps of the contraction in a split
  depth: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<V>;
@group(0) @binding(3) var<uniform> params: Params;

struct LineA { at: i32 }
struct RunA { at: i32 }
struct LineB { at: i32 }
struct RunB { at: i32 }

fn lineA(row: i32, phase: i32) -> LineA {
  return LineA(row * i32(params.depth));
}
fn runA(line: LineA, outer: i32) -> RunA {
  return RunA(line.at);
}
fn loadA(run: RunA, k: i32) -> vec4f {
  return a[(run.at + k) >> 2];
}

fn lineB(column: i32, phase: i32) -> LineB {
  return LineB(column * i32(params.depth));
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at);
}
fn loadB(run: RunB, k: i32) -> vec4f {
  return b[(run.at + k) >> 2];
}

fn outerRange(split: i32) -> vec2i {
  return vec2i(0, 1);
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(split, split + 1) * i32(params.share);
}

fn place(row: i32, phase: i32) -> i32 {
  return select(-1, row * i32(params.columns), row < i32(params.rows));
}

fn map(v: V, i: u32) -> V {
  return v;
}

fn blockA(r0: RunA, r1: RunA, r2: RunA, r3: RunA, k: i32) -> mat4x4f {
  if (A_ALONG_K) {
    return mat4x4f(loadA(r0, k), loadA(r1, k), loadA(r2, k), loadA(r3, k));
  }
  return transpose(mat4x4f(loadA(r0, k), loadA(r0, k + 1), loadA(r0, k + 2), loadA(r0, k + 3)));
}

const_assert COLUMNS >= 1 && COLUMNS <= 4;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = i32(((group.y * groups.x + group.x) * WORKGROUP + lane) * 8);
  if (row >= i32(params.rows)) {
    return;
  }
  let phase = i32(group.z / params.splits);
  let split = i32(group.z % params.splits);

  let lineA0 = lineA(row, phase);
  let lineA1 = lineA(row + 1, phase);
  let lineA2 = lineA(row + 2, phase);
  let lineA3 = lineA(row + 3, phase);
  let lineA4 = lineA(row + 4, phase);
  let lineA5 = lineA(row + 5, phase);
  let lineA6 = lineA(row + 6, phase);
  let lineA7 = lineA(row + 7, phase);
  let lineB0 = lineB(0, phase);
  let lineB1 = lineB(1, phase);
  let lineB2 = lineB(2, phase);
  let lineB3 = lineB(3, phase);

  // c01: rows 0 to 3 of column 1, and so on.
  var c00 = vec4f();
  var c01 = vec4f();
  var c02 = vec4f();
  var c03 = vec4f();
  var c10 = vec4f();
  var c11 = vec4f();
  var c12 = vec4f();
  var c13 = vec4f();
  let outer = outerRange(split);
  let inner = innerRange(split);
  for (var o = outer.x; o < outer.y; o++) {
    let a0 = runA(lineA0, o);
    let a1 = runA(lineA1, o);
    let a2 = runA(lineA2, o);
    let a3 = runA(lineA3, o);
    let a4 = runA(lineA4, o);
    let a5 = runA(lineA5, o);
    let a6 = runA(lineA6, o);
    let a7 = runA(lineA7, o);
    let b0 = runB(lineB0, o);
    let b1 = runB(lineB1, o);
    let b2 = runB(lineB2, o);
    let b3 = runB(lineB3, o);
    for (var k = inner.x; k < inner.y; k += 4) {
      let left0 = blockA(a0, a1, a2, a3, k);
      let left1 = blockA(a4, a5, a6, a7, k);
      let right0 = loadB(b0, k);
      c00 += right0 * left0;
      c10 += right0 * left1;
      if (COLUMNS > 1) {
        let right1 = loadB(b1, k);
        c01 += right1 * left0;
        c11 += right1 * left1;
      }
      if (COLUMNS > 2) {
        let right2 = loadB(b2, k);
        c02 += right2 * left0;
        c12 += right2 * left1;
      }
      if (COLUMNS > 3) {
        let right3 = loadB(b3, k);
        c03 += right3 * left0;
        c13 += right3 * left1;
      }
    }
  }

  // A loop, so that `map` is compiled once and not for every element.
  var columns = array(c00, c01, c02, c03, c10, c11, c12, c13);
  let part = split * i32(params.size);
  for (var i = 0; i < 8; i++) {
    let start = place(row + i, phase);
    for (var n = 0; n < COLUMNS && start >= 0; n++) {
      let at = u32(part + start + n);
      result[at] = map(columns[(i & 4) + n][i & 3], at);
    }
  }
}
