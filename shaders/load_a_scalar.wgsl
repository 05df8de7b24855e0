// Operand A read one by one: for sizes that do not go by fours. See load_matmul.wgsl.

@group(0) @binding(0) var<storage, read> a: array<f32>;

fn fetchA(i: i32, stride: i32) -> vec4f {
  return vec4f(a[i], a[i + stride], a[i + 2 * stride], a[i + 3 * stride]);
}

// Each of the four is inside or outside by itself.
fn keepA(v: vec4f, at: i32, end: i32) -> vec4f {
  return select(vec4f(), v, vec4u(vec4i(at) + vec4i(0, 1, 2, 3)) < vec4u(vec4i(end)));
}
