// C = A · B by register tiles that four neighbouring invocations share: 16 rows × 16 columns, of
// which each invocation computes all rows of 4 columns. Every element of A that the tile needs is
// loaded by one of the four and broadcast to the others. So half as much is loaded as with
// gemm_register.wgsl, which explains the rest; loads are what a software adapter is slow at, and a
// broadcast costs it next to nothing (1.4 times as fast there).
//
// A broadcast must be reached by all four, so nothing returns early: what is beyond the last tile
// computes nonsense, and does not store it.

enable subgroups;

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

// Line i of a block of A is with invocation i of the four.
fn blockA(line: vec4f) -> mat4x4f {
  let lines = mat4x4f(
    quadBroadcast(line, 0),
    quadBroadcast(line, 1),
    quadBroadcast(line, 2),
    quadBroadcast(line, 3),
  );
  if (A_ALONG_K) {
    return lines;
  }
  return transpose(lines);
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
  @builtin(local_invocation_index) invocation: u32,
) {
  let lane = i32(invocation % 4);
  let tile = ((group.y * groups.x + group.x) * WORKGROUP + invocation) / 4;
  let across = (params.columns + 15) / 16;
  let row = i32(tile / across * 16);
  let column = i32(tile % across * 16) + lane * 4;
  let phase = i32(group.z / params.splits);
  let split = i32(group.z % params.splits);

  // This invocation's line of each block: a row, or four rows at one k of four.
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

  var c0 = mat4x4f();
  var c1 = mat4x4f();
  var c2 = mat4x4f();
  var c3 = mat4x4f();
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
    for (var k = inner.x; k < inner.y; k += 4) {
      let right = blockB(b0, b1, b2, b3, k);
      c0 += right * blockA(loadA(a0, k + laneK));
      c1 += right * blockA(loadA(a1, k + laneK));
      c2 += right * blockA(loadA(a2, k + laneK));
      c3 += right * blockA(loadA(a3, k + laneK));
    }
  }

  // A loop, so that `map` is compiled once and not 16 times.
  var tileRows = array(
    c0[0], c0[1], c0[2], c0[3], c1[0], c1[1], c1[2], c1[3],
    c2[0], c2[1], c2[2], c2[3], c3[0], c3[1], c3[2], c3[3],
  );
  let part = split * i32(params.size);
  for (var i = 0; i < 16; i++) {
    let start = place(row + i, phase);
    if (start >= 0) {
      store(u32(part + start + column), u32(column), tileRows[i]);
    }
  }
}
