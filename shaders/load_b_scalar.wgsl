// Operand B read one by one: for sizes that do not go by fours. See load_matmul.wgsl.

@group(0) @binding(1) var<storage, read> b: array<f32>;

fn fetchB(i: i32, stride: i32) -> vec4f {
  return vec4f(b[i], b[i + stride], b[i + 2 * stride], b[i + 3 * stride]);
}

// Each of the four is inside or outside by itself.
fn keepB(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, vec4u(vec4i(at) + vec4i(0, 1, 2, 3)) < vec4u(vec4i(end)));
}
