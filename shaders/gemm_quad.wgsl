// C = A · B by register tiles that four neighbouring invocations share: 16 rows × 32 columns (or 16),
// of which each invocation computes all rows of 8 columns (or 4). An element of A is loaded by one
// of the four and passed to the others, so less than half as much is loaded as with
// gemm_register.wgsl, which explains the rest. A software adapter is slow at loads, and quick at
// such a swap: there this is 1.7 times as fast.
//
// Each of the four loads one line of a block of A: one row, or four rows at one k. With the lines of
// its neighbours it sees the block in an order of its own: line i is that of invocation lane ^ i.
// Nobody puts them in order (a broadcast would, and costs twice as much). Where lines are rows,
// C's rows have that order, until they are stored; where they are k, B's lines are loaded in it.
//
// A swap must be reached by all four, so nothing returns early: what is beyond the last tile
// computes nonsense, and does not store it.

enable subgroups;

alias V = vec4f;
const WORKGROUP = 64;
const A_ALONG_K = true;
const B_ALONG_K = false; // and A too, or neither: see `blockB`
const COLUMN_BLOCKS = 2; // blocks of 4 columns of an invocation: 1 or 2

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

fn blockA(line: vec4f) -> mat4x4f {
  let lines = mat4x4f(line, quadSwapX(line), quadSwapY(line), quadSwapDiagonal(line));
  if (A_ALONG_K) {
    return lines;
  }
  return transpose(lines);
}

// Lines along k have all k of a block in their own order, which must be that of A's lines then.
const_assert A_ALONG_K || !B_ALONG_K;

fn blockB(r0: RunB, r1: RunB, r2: RunB, r3: RunB, k: i32, lane: i32) -> mat4x4f {
  if (B_ALONG_K) {
    return transpose(mat4x4f(loadB(r0, k), loadB(r1, k), loadB(r2, k), loadB(r3, k)));
  }
  let order = select(lane, 0, A_ALONG_K);
  return mat4x4f(
    loadB(r0, k + order),
    loadB(r0, k + (order ^ 1)),
    loadB(r0, k + (order ^ 2)),
    loadB(r0, k + (order ^ 3)),
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let lane = i32(invocation % 4);
  let tile = ((group.y * groups.x + group.x) * WORKGROUP + invocation) / 4;
  let width = 16u * COLUMN_BLOCKS;
  let across = (params.columns + width - 1) / width;
  let row = i32(tile / across * 16);
  let column = i32(tile % across * width) + lane * 4;
  let phase = i32(group.z / params.splits);
  let split = i32(group.z % params.splits);

  let laneRow = select(0, lane, A_ALONG_K);
  let laneK = select(lane, 0, A_ALONG_K);
  let lineA0 = lineA(row + laneRow, phase);
  let lineA1 = lineA(row + 4 + laneRow, phase);
  let lineA2 = lineA(row + 8 + laneRow, phase);
  let lineA3 = lineA(row + 12 + laneRow, phase);
  let lineB0 = lineB(column, phase);
  let lineB1 = lineB(column + 1, phase);
  let lineB2 = lineB(column + 2, phase);
  let lineB3 = lineB(column + 3, phase);
  let lineB4 = lineB(column + 16, phase);
  let lineB5 = lineB(column + 17, phase);
  let lineB6 = lineB(column + 18, phase);
  let lineB7 = lineB(column + 19, phase);

  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c20 = mat4x4f();
  var c21 = mat4x4f();
  var c30 = mat4x4f();
  var c31 = mat4x4f();
  let outer = outerRange(split);
  let inner = innerRange(split);
  for (var o = outer.x; o < outer.y; o++) {
    let a0 = runA(lineA0, o);
    let a1 = runA(lineA1, o);
    let a2 = runA(lineA2, o);
    let a3 = runA(lineA3, o);
    let b0 = runB(lineB0, o);
    let b1 = runB(lineB1, o);
    let b2 = runB(lineB2, o);
    let b3 = runB(lineB3, o);
    let b4 = runB(lineB4, o);
    let b5 = runB(lineB5, o);
    let b6 = runB(lineB6, o);
    let b7 = runB(lineB7, o);
    for (var k = inner.x; k < inner.y; k += 4) {
      let left0 = blockA(loadA(a0, k + laneK));
      let left1 = blockA(loadA(a1, k + laneK));
      let left2 = blockA(loadA(a2, k + laneK));
      let left3 = blockA(loadA(a3, k + laneK));
      let right0 = blockB(b0, b1, b2, b3, k, lane);
      c00 += right0 * left0;
      c10 += right0 * left1;
      c20 += right0 * left2;
      c30 += right0 * left3;
      if (COLUMN_BLOCKS > 1) {
        let right1 = blockB(b4, b5, b6, b7, k, lane);
        c01 += right1 * left0;
        c11 += right1 * left1;
        c21 += right1 * left2;
        c31 += right1 * left3;
      }
    }
  }

  // A loop, so that `map` is compiled twice and not 32 times.
  var left = array(
    c00[0], c00[1], c00[2], c00[3], c10[0], c10[1], c10[2], c10[3],
    c20[0], c20[1], c20[2], c20[3], c30[0], c30[1], c30[2], c30[3],
  );
  var right = array(
    c01[0], c01[1], c01[2], c01[3], c11[0], c11[1], c11[2], c11[3],
    c21[0], c21[1], c21[2], c21[3], c31[0], c31[1], c31[2], c31[3],
  );
  let part = split * i32(params.size);
  for (var i = 0; i < 16; i++) {
    let start = place(row + (i ^ laneRow), phase);
    if (start >= 0) {
      let at = u32(part + start + column);
      store(at, u32(column), left[i]);
      if (COLUMN_BLOCKS > 1) {
        store(at + 16, u32(column) + 16, right[i]);
      }
    }
  }
}
