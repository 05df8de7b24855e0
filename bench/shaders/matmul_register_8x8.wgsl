// C = A · B, 1024 × 1024 each: 8 × 8 of C to an invocation as four matrices, all sizes known to the
// compiler, which saves the bounds of every access where they are checked in software.

const N = 1024u;
const ROW = N / 4;

@group(0) @binding(0) var<storage, read> a: array<vec4f, N * ROW>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, N * ROW>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f, N * ROW>;

fn blockA(row: u32, k: u32) -> mat4x4f {
  let at = row * ROW + k;
  return mat4x4f(a[at], a[at + ROW], a[at + 2 * ROW], a[at + 3 * ROW]);
}

fn blockB(k: u32, column: u32) -> mat4x4f {
  let at = k * 4 * ROW + column;
  return mat4x4f(b[at], b[at + ROW], b[at + 2 * ROW], b[at + 3 * ROW]);
}

fn store(row: u32, column: u32, c: mat4x4f) {
  let at = row * ROW + column;
  result[at] = c[0];
  result[at + ROW] = c[1];
  result[at + 2 * ROW] = c[2];
  result[at + 3 * ROW] = c[3];
}

@compute @workgroup_size(4, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 8;
  let column = id.x * 2;
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  for (var k = 0u; k < ROW; k++) {
    let left0 = blockA(row, k);
    let left1 = blockA(row + 4, k);
    let right0 = blockB(k, column);
    let right1 = blockB(k, column + 1);
    c00 += right0 * left0;
    c01 += right1 * left0;
    c10 += right0 * left1;
    c11 += right1 * left1;
  }
  store(row, column, c00);
  store(row, column + 1, c01);
  store(row + 4, column, c10);
  store(row + 4, column + 1, c11);
}
