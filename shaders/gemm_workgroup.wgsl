// C = A · B by tiles in workgroup memory: 64 invocations compute 64 rows × 64 columns of C, each of them
// 8 × 8 as in gemm_register.wgsl, 16 deep at a time. What one invocation loads, eight others use, so
// memory is read an eighth as often: the usual winner on GPUs. Software adapters pay for every
// barrier and for workgroup memory, and take other cores.
//
// The tiles lie in workgroup memory as they come from the loader: vectors along k, [4 of k][line], or
// vectors along lines, [k][4 lines]. 2 × 4 KiB, half of WebGPU's default limit.
//
// The slots are those of gemm_register.wgsl.

alias V = vec4f;
const WORKGROUP = 64; // invocations; the tile's shape depends on it
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

const TILE = 64;
const DEPTH = 16;

var<workgroup> tileA: array<vec4f, 256>;
var<workgroup> tileB: array<vec4f, 256>;

// Four rows from `row` of the tile, k from 4 · quad on: a row is a column of the matrix.
fn blockA(row: u32, quad: u32) -> mat4x4f {
  if (A_ALONG_K) {
    let i = quad * TILE + row;
    return mat4x4f(tileA[i], tileA[i + 1], tileA[i + 2], tileA[i + 3]);
  }
  let i = quad * TILE + row / 4;
  return transpose(mat4x4f(tileA[i], tileA[i + 16], tileA[i + 32], tileA[i + 48]));
}

// Four columns from `column` of the tile, k from 4 · quad on: a k is a column of the matrix.
fn blockB(column: u32, quad: u32) -> mat4x4f {
  if (B_ALONG_K) {
    let i = quad * TILE + column;
    return transpose(mat4x4f(tileB[i], tileB[i + 1], tileB[i + 2], tileB[i + 3]));
  }
  let i = quad * TILE + column / 4;
  return mat4x4f(tileB[i], tileB[i + 16], tileB[i + 32], tileB[i + 48]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.y * groups.x + group.x;
  let across = (params.columns + TILE - 1) / TILE;
  let down = (params.rows + TILE - 1) / TILE;
  if (tile >= across * down) {
    return;
  }
  let firstRow = tile / across * TILE;
  let firstColumn = tile % across * TILE;
  let phase = i32(group.z / params.splits);
  let split = i32(group.z % params.splits);

  // What this invocation loads: a line of its own, 16 of k; or four lines, 4 of k.
  let lines = lane % 16 * 4;
  let ownK = i32(lane / 16 * 4);
  let sourceA = lineA(i32(firstRow + select(lines, lane, A_ALONG_K)), phase);
  let sourceB = lineB(i32(firstColumn + select(lines, lane, B_ALONG_K)), phase);
  // What it computes.
  let row = lane / 8 * 8;
  let column = lane % 8 * 8;

  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  let outer = outerRange(split);
  let inner = innerRange(split);
  for (var o = outer.x; o < outer.y; o++) {
    let a = runA(sourceA, o);
    let b = runB(sourceB, o);
    for (var k = inner.x; k < inner.y; k += DEPTH) {
      workgroupBarrier(); // the tiles of the last round have been used
      for (var j = 0; j < 4; j++) {
        // Loaders mask what is beyond the run within four of k, this the fours beyond it.
        if (A_ALONG_K) {
          let at = k + 4 * j;
          tileA[u32(j) * TILE + lane] = select(vec4f(), loadA(a, at), at < inner.y);
        } else {
          let at = k + ownK;
          tileA[u32(ownK + j) * 16 + lane % 16] = select(vec4f(), loadA(a, at + j), at < inner.y);
        }
        if (B_ALONG_K) {
          let at = k + 4 * j;
          tileB[u32(j) * TILE + lane] = select(vec4f(), loadB(b, at), at < inner.y);
        } else {
          let at = k + ownK;
          tileB[u32(ownK + j) * 16 + lane % 16] = select(vec4f(), loadB(b, at + j), at < inner.y);
        }
      }
      workgroupBarrier();
      for (var quad = 0u; quad < DEPTH / 4; quad++) {
        let left0 = blockA(row, quad);
        let left1 = blockA(row + 4, quad);
        let right0 = blockB(column, quad);
        let right1 = blockB(column + 4, quad);
        c00 += right0 * left0;
        c01 += right1 * left0;
        c10 += right0 * left1;
        c11 += right1 * left1;
      }
    }
  }

  // A loop, so that `map` is compiled twice and not 16 times.
  var left = array(c00[0], c00[1], c00[2], c00[3], c10[0], c10[1], c10[2], c10[3]);
  var right = array(c01[0], c01[1], c01[2], c01[3], c11[0], c11[1], c11[2], c11[3]);
  let part = split * i32(params.size);
  let c = firstColumn + column;
  for (var i = 0u; i < 8; i++) {
    let start = place(i32(firstRow + row + i), phase);
    if (start >= 0) {
      let at = u32(part + start) + c;
      store(at, c, left[i]);
      store(at + 4, c + 4, right[i]);
    }
  }
}
