// The slot `store` of random.wgsl, element by element: for an output that is not made of whole
// vectors, or an epilogue that cannot work on them.

alias V = f32;

struct Params {
  size: u32,
  stream: u32,
}

@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

fn store(block: u32, values: vec4f) {
  for (var k = 0u; k < min(4, params.size - 4 * block); k++) {
    y[4 * block + k] = map(values[k], 4 * block + k);
  }
}
