// Overlay of reduce.wgsl: V holds four neighbours of the reduced axis, which become one number.

alias V = vec4f;
alias R = f32;

fn finish(v: V) -> R {
  return max(max(v.x, v.y), max(v.z, v.w));
}

@compute @workgroup_size(1)
fn main() {
  _ = finish(V(0.0));
}
