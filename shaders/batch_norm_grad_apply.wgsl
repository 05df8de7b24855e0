// Gradient of batch normalisation, dispatch 2 of 2: with n rows and x̂ = (x − μ)/σ,
//
//   dβ = Σ dy, dγ = Σ dy·x̂, dx = γ/σ · (dy − (dβ + x̂·dγ)/n).
//
// Every invocation first adds up the partial sums of its column (batch_norm_grad_sums.wgsl), then
// makes dx of one slice of rows. Those of the first slice store dγ and dβ, or add them to what an
// earlier pass over the same layer left there: no binding is left for another operand.

alias V = vec4f;
const WORKGROUP = 64;
const ADD_DGAMMA = false;
const ADD_DBETA = false;

struct Params {
  rows: u32,
  columns: u32,
  // Of the sums.
  slices: u32,
  // Of this dispatch.
  parts: u32,
  partRows: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> gamma: array<V>;
@group(0) @binding(3) var<storage, read> saved: array<V>;
@group(0) @binding(4) var<storage, read> partials: array<V>;
@group(0) @binding(5) var<storage, read_write> dx: array<V>;
@group(0) @binding(6) var<storage, read_write> dgamma: array<V>;
@group(0) @binding(7) var<storage, read_write> dbeta: array<V>;
@group(0) @binding(8) var<uniform> params: Params;

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

  var sum = V();
  var product = V();
  var at = column;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partials[at];
    product += partials[at + columns];
    at += 2 * columns;
  }
  if (part == 0) {
    dgamma[column] = product + select(V(), dgamma[column], ADD_DGAMMA);
    dbeta[column] = sum + select(V(), dbeta[column], ADD_DBETA);
  }

  let mean = saved[column];
  let inverse = saved[columns + column];
  let scale = gamma[column] * inverse;
  let n = f32(params.rows);
  let shift = sum / n;
  let slope = product / n * inverse;
  let start = part * params.partRows;
  let rows = min(params.partRows, params.rows - start);
  var i = start * columns + column;
  for (var row = 0u; row < rows; row++) {
    dx[i] = map(scale * ((dy[i] - shift) - (x[i] - mean) * slope), i);
    i += columns;
  }
}
