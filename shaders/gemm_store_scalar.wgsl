// Stores a tile's values one by one: for a number of columns, or a map, that does not go by fours.

alias V = f32;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(2) var<storage, read_write> result: array<V>;
@group(0) @binding(3) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

fn store(i: u32, column: u32, v: vec4f) {
  for (var j = 0u; j < 4 && column + j < params.columns; j++) {
    result[i + j] = map(v[j], i + j);
  }
}
