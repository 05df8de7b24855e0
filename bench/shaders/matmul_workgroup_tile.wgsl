// C = A · B, 1024 × 1024 each: the textbook's tile of 64 × 64 in workgroup memory, 4 × 4 of it to
// each of 256 invocations.

const N = 1024u;
const TILE = 64u;
const DEPTH = 16u;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

// Columns of A's tile lie in rows, so that an invocation reads its four rows of A as one vector.
var<workgroup> tileA: array<array<f32, 64>, 16>;
var<workgroup> tileB: array<array<vec4f, 16>, 16>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.y * 16 + local.x;
  let rowOfA = lane / 4;
  let columnOfA = lane % 4;
  let rowOfB = lane / 16;
  let columnOfB = lane % 16;
  var c = array<vec4f, 4>();
  for (var k = 0u; k < N; k += DEPTH) {
    let va = a[((group.y * TILE + rowOfA) * N + k) / 4 + columnOfA];
    tileA[columnOfA * 4][rowOfA] = va.x;
    tileA[columnOfA * 4 + 1][rowOfA] = va.y;
    tileA[columnOfA * 4 + 2][rowOfA] = va.z;
    tileA[columnOfA * 4 + 3][rowOfA] = va.w;
    tileB[rowOfB][columnOfB] = b[((k + rowOfB) * N + group.x * TILE) / 4 + columnOfB];
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      let right = tileB[d][local.x];
      c[0] += tileA[d][local.y * 4] * right;
      c[1] += tileA[d][local.y * 4 + 1] * right;
      c[2] += tileA[d][local.y * 4 + 2] * right;
      c[3] += tileA[d][local.y * 4 + 3] * right;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4; i++) {
    result[((group.y * TILE + local.y * 4 + i) * N + group.x * TILE) / 4 + local.x] = c[i];
  }
}
