// C = A · B by register tiles: one invocation computes 8 rows × 8 columns of C, as 2 × 2 blocks of
// 4 × 4 in named matrices (an array with a dynamic index would live in memory), 4 deep at a time.
// No workgroup memory and no barriers: the right shape for software adapters, a plain one for GPUs.
//
// With the rows of A as the columns of a matrix `left` (four of k each) and the k of B as the
// columns of `right` (four columns of C each), `right * left` is a block of C whose i-th column is
// four neighbours of its i-th row.
//
// What is multiplied is the loader's affair (load_*.wgsl; here plain matrices whose sizes are
// multiples of 4). The contraction has two levels: outer steps, at each of which a line of four
// rows is addressed anew (a tap of a convolution, a picture's row), and within each an inner run
// over k without a division or a branch.
//
//   lineX(r, phase)   where row (of A) or column (of B) r begins
//   runX(line, outer) its address at an outer step
//   loadX(run, k)     four values: X_ALONG_K ? r at k … k + 3 : r … r + 3 at k; 0 outside
//
// The grid's z counts phases (parts of the result that have taps of their own) × splits of the
// contraction, whose partial results lie one after the other and are added by gemm_sum_splits.wgsl.

alias V = vec4f;
const WORKGROUP = 64;
const A_ALONG_K = true;
const B_ALONG_K = false;

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
  return LineB(column);
}
fn runB(line: LineB, outer: i32) -> RunB {
  return RunB(line.at);
}
fn loadB(run: RunB, k: i32) -> vec4f {
  return b[(run.at + k * i32(params.columns)) >> 2];
}

// From where to where the contraction goes, in steps of the outer and of the inner loop.
fn outerRange(split: i32) -> vec2i {
  return vec2i(0, 1);
}
fn innerRange(split: i32) -> vec2i {
  return vec2i(split, split + 1) * i32(params.share);
}

// Where row `row` of C begins among its elements, or -1 where there is no such row.
fn place(row: i32, phase: i32) -> i32 {
  return select(-1, row * i32(params.columns), row < i32(params.rows));
}

fn map(v: V, i: u32) -> V {
  return v;
}

// Stores four neighbours from element `i` on; gemm_store_scalar.wgsl does so one by one.
fn store(i: u32, column: u32, v: vec4f) {
  if (column < params.columns) {
    result[i >> 2] = map(v, i >> 2);
  }
}

fn blockA(r0: RunA, r1: RunA, r2: RunA, r3: RunA, k: i32) -> mat4x4f {
  if (A_ALONG_K) {
    return mat4x4f(loadA(r0, k), loadA(r1, k), loadA(r2, k), loadA(r3, k));
  }
  return transpose(mat4x4f(loadA(r0, k), loadA(r0, k + 1), loadA(r0, k + 2), loadA(r0, k + 3)));
}

fn blockB(r0: RunB, r1: RunB, r2: RunB, r3: RunB, k: i32) -> mat4x4f {
  if (B_ALONG_K) {
    return transpose(mat4x4f(loadB(r0, k), loadB(r1, k), loadB(r2, k), loadB(r3, k)));
  }
  return mat4x4f(loadB(r0, k), loadB(r0, k + 1), loadB(r0, k + 2), loadB(r0, k + 3));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = (group.y * groups.x + group.x) * WORKGROUP + lane;
  let across = (params.columns + 7) / 8;
  let row = i32(tile / across * 8);
  let column = i32(tile % across * 8);
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
  let lineB0 = lineB(column, phase);
  let lineB1 = lineB(column + 1, phase);
  let lineB2 = lineB(column + 2, phase);
  let lineB3 = lineB(column + 3, phase);
  let lineB4 = lineB(column + 4, phase);
  let lineB5 = lineB(column + 5, phase);
  let lineB6 = lineB(column + 6, phase);
  let lineB7 = lineB(column + 7, phase);

  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
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
    let b4 = runB(lineB4, o);
    let b5 = runB(lineB5, o);
    let b6 = runB(lineB6, o);
    let b7 = runB(lineB7, o);
    for (var k = inner.x; k < inner.y; k += 4) {
      let left0 = blockA(a0, a1, a2, a3, k);
      let left1 = blockA(a4, a5, a6, a7, k);
      let right0 = blockB(b0, b1, b2, b3, k);
      let right1 = blockB(b4, b5, b6, b7, k);
      c00 += right0 * left0;
      c01 += right1 * left0;
      c10 += right0 * left1;
      c11 += right1 * left1;
    }
  }

  // A loop, so that `map` is compiled twice and not 16 times.
  var left = array(c00[0], c00[1], c00[2], c00[3], c10[0], c10[1], c10[2], c10[3]);
  var right = array(c01[0], c01[1], c01[2], c01[3], c11[0], c11[1], c11[2], c11[3]);
  let part = split * i32(params.size);
  for (var i = 0; i < 8; i++) {
    let start = place(row + i, phase);
    if (start >= 0) {
      let at = u32(part + start + column);
      store(at, u32(column), left[i]);
      store(at + 4, u32(column) + 4, right[i]);
    }
  }
}
