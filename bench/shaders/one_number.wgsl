// As little work as a dispatch can do: what is left is the dispatch itself.

@group(0) @binding(0) var<storage, read_write> result: array<f32>;

const ADDEND = 1.0;

@compute @workgroup_size(1)
fn main() {
  result[0] += ADDEND;
}
