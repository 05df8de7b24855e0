// Gradient of batch normalisation, dispatch 1 of 2: Σ dy and Σ dy·x̂ of slices of rows, with
// x̂ = (x − μ)/σ.
//
// dy and x are [rows, C], seen as `columns` vectors V a row. One invocation reads one column of one
// slice of consecutive rows, 8 at a time: the sums of 8 are added up on their own, so that rounding
// errors grow with the number of eights, not of rows.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  rows: u32,
  columns: u32,
  slices: u32,
  sliceRows: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read> x: array<V>;
// [2, columns]: μ, 1/σ.
@group(0) @binding(2) var<storage, read> saved: array<V>;
// [slices, 2, columns]: Σ dy, then Σ dy·x̂.
@group(0) @binding(3) var<storage, read_write> partials: array<V>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let columns = params.columns;
  let index = id.y * groups.x * WORKGROUP + id.x;
  if (index >= columns * params.slices) {
    return;
  }
  let slice = index / columns;
  let column = index - slice * columns;
  let first = slice * params.sliceRows;
  let rows = min(params.sliceRows, params.rows - first);

  let mean = saved[column];
  var sum = V();
  var product = V();
  var at = first * columns + column;
  for (var block = rows / 8; block > 0; block--) {
    let g0 = dy[at];
    let p0 = g0 * (x[at] - mean);
    let g1 = dy[at + columns];
    let p1 = g1 * (x[at + columns] - mean);
    let g2 = dy[at + 2 * columns];
    let p2 = g2 * (x[at + 2 * columns] - mean);
    let g3 = dy[at + 3 * columns];
    let p3 = g3 * (x[at + 3 * columns] - mean);
    let g4 = dy[at + 4 * columns];
    let p4 = g4 * (x[at + 4 * columns] - mean);
    let g5 = dy[at + 5 * columns];
    let p5 = g5 * (x[at + 5 * columns] - mean);
    let g6 = dy[at + 6 * columns];
    let p6 = g6 * (x[at + 6 * columns] - mean);
    let g7 = dy[at + 7 * columns];
    let p7 = g7 * (x[at + 7 * columns] - mean);
    at += 8 * columns;
    sum += ((g0 + g1) + (g2 + g3)) + ((g4 + g5) + (g6 + g7));
    product += ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7));
  }
  for (var row = rows % 8; row > 0; row--) {
    let g = dy[at];
    sum += g;
    product += g * (x[at] - mean);
    at += columns;
  }
  partials[2 * slice * columns + column] = sum;
  partials[(2 * slice + 1) * columns + column] = product * saved[columns + column];
}
