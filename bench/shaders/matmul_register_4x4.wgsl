// C = A · B, 1024 × 1024 each: 4 × 4 of C to an invocation, vectors straight from storage.

const N = 1024u;
const ROW = N / 4;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 4;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  for (var k = 0u; k < ROW; k++) {
    let right = mat4x4f(
      b[(k * 4) * ROW + id.x],
      b[(k * 4 + 1) * ROW + id.x],
      b[(k * 4 + 2) * ROW + id.x],
      b[(k * 4 + 3) * ROW + id.x],
    );
    c0 += right * a[row * ROW + k];
    c1 += right * a[(row + 1) * ROW + k];
    c2 += right * a[(row + 2) * ROW + k];
    c3 += right * a[(row + 3) * ROW + k];
  }
  result[row * ROW + id.x] = c0;
  result[(row + 1) * ROW + id.x] = c1;
  result[(row + 2) * ROW + id.x] = c2;
  result[(row + 3) * ROW + id.x] = c3;
}
