// Batch normalisation, dispatch 1 of 2: mean and squared deviations of slices of rows.
//
// x is [rows, C], seen as `columns` vectors V a row. One invocation reads one column of one slice
// of consecutive rows, and leaves there m = mean(d) and q = Σ (d − m)², where d = x − x[0].
// Taking the first row off first keeps the digits of a mean that is large next to the deviation.
//
// Rows are taken 8 at a time and joined to what came before by the rule of Chan, Golub & LeVeque
// (1979): as safe as Welford's, with one division for 8 rows. No workgroup memory: a barrier costs
// a software adapter more than a slice, and a real GPU has enough slices.
//
// Nor in the epilogue of the convolution that makes x: sums of its tiles of 8 rows would take a
// dispatch to join as well. On the software adapter these sums are 0.1 to 1.0 % of a step; without
// what storing and joining those of tiles was measured to cost, at most 0.4 % is left to win.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  rows: u32,
  columns: u32,
  slices: u32,
  sliceRows: u32,
}

@group(0) @binding(0) var<storage, read> x: array<V>;
// [slices, 2, columns]: m, then q.
@group(0) @binding(1) var<storage, read_write> partials: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

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

  let base = x[column];
  var mean = V();
  var squares = V();
  var count = 0.0;
  var at = first * columns + column;
  for (var block = rows / 8; block > 0; block--) {
    let d0 = x[at] - base;
    let d1 = x[at + columns] - base;
    let d2 = x[at + 2 * columns] - base;
    let d3 = x[at + 3 * columns] - base;
    let d4 = x[at + 4 * columns] - base;
    let d5 = x[at + 5 * columns] - base;
    let d6 = x[at + 6 * columns] - base;
    let d7 = x[at + 7 * columns] - base;
    at += 8 * columns;
    let m = (((d0 + d1) + (d2 + d3)) + ((d4 + d5) + (d6 + d7))) * 0.125;
    let e0 = d0 - m;
    let e1 = d1 - m;
    let e2 = d2 - m;
    let e3 = d3 - m;
    let e4 = d4 - m;
    let e5 = d5 - m;
    let e6 = d6 - m;
    let e7 = d7 - m;
    let q = ((e0 * e0 + e1 * e1) + (e2 * e2 + e3 * e3)) + ((e4 * e4 + e5 * e5) + (e6 * e6 + e7 * e7));
    let delta = m - mean;
    let weight = 8 / (count + 8);
    mean += delta * weight;
    squares += q + delta * delta * (count * weight);
    count += 8;
  }
  for (var row = rows % 8; row > 0; row--) {
    let d = x[at] - base;
    at += columns;
    count += 1;
    let delta = d - mean;
    mean += delta / count;
    squares += delta * (d - mean);
  }
  partials[2 * slice * columns + column] = mean;
  partials[(2 * slice + 1) * columns + column] = squares;
}
