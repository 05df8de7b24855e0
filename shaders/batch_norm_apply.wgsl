// Batch normalisation, dispatch 2 of 2: y = γ·(x − μ)/√(σ² + eps) + β, and the statistics.
//
// Every invocation first joins the partial statistics of its column (batch_norm_sums.wgsl), which
// is less work than a dispatch of its own would cost, then normalises one slice of rows. The
// slices here are finer than those of the sums. Those of the first slice store the statistics.
//
// With m = mean(d) over all rows, d = x − x[0]: y = d·γ/σ + (β − m·γ/σ). Never x·γ/σ: where
// |μ| ≫ σ its digits would cancel.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  rows: u32,
  columns: u32,
  // Of the sums.
  slices: u32,
  sliceRows: u32,
  // Of this dispatch.
  parts: u32,
  partRows: u32,
  momentum: f32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> beta: array<V>;
@group(0) @binding(3) var<storage, read> partials: array<V>;
@group(0) @binding(4) var<storage, read_write> y: array<V>;
// [2, columns]: mean, 1/√(biased variance + eps).
@group(0) @binding(5) var<storage, read_write> saved: array<V>;
// [2, columns]: mean, unbiased variance; updated where it lies.
@group(0) @binding(6) var<storage, read_write> running: array<V>;
@group(0) @binding(7) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let columns = params.columns;
  let index = id.y * groups.x * WORKGROUP + id.x;
  if (index >= columns * params.parts) {
    return;
  }
  let part = index / columns;
  let column = index - part * columns;

  // Means relative to that of slice 0, so that their squares do not cancel.
  let first = partials[column];
  var sum = V();
  var between = V();
  var within = partials[columns + column];
  var at = 2 * columns + column;
  for (var slice = 1u; slice < params.slices; slice++) {
    let weight = f32(min(params.sliceRows, params.rows - slice * params.sliceRows));
    let d = partials[at] - first;
    within += partials[at + columns];
    at += 2 * columns;
    sum += weight * d;
    between += weight * d * d;
  }
  let n = f32(params.rows);
  let shift = sum / n;
  let mean = first + shift;
  let squares = within + max(between - sum * shift, V());
  let inverse = 1 / sqrt(squares / n + params.eps);

  let base = x[column];
  if (part == 0) {
    let keep = 1 - params.momentum;
    saved[column] = base + mean;
    saved[columns + column] = inverse;
    running[column] = keep * running[column] + params.momentum * (base + mean);
    running[columns + column] =
      keep * running[columns + column] + params.momentum * (squares / (n - 1));
  }

  let scale = gamma[column] * inverse;
  let offset = beta[column] - mean * scale;
  let start = part * params.partRows;
  let rows = min(params.partRows, params.rows - start);
  var i = start * columns + column;
  for (var row = 0u; row < rows; row++) {
    y[i] = map((x[i] - base) * scale + offset, i);
    i += columns;
  }
}
