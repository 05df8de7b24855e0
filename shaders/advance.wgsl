// The end of a training step: the step counter of the run's state is one further.

@group(0) @binding(0) var<storage, read_write> state: vec4u;

@compute @workgroup_size(1)
fn main() {
  state.z += 1;
}
