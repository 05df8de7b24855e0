// Populations of a network of reactions by τ-leaping, one invocation a row: see the operation. The
// network is constants, so that its loops are unrolled and its zeros cost nothing.

const WORKGROUP = 64;
const KINDS = 1u;
const REACTIONS = 1u;
const TAU = 1f;
const MOST = 16777216f;
const LARGE_MEAN = 10f;
const MOST_SMALL = 40f;
const INITIAL = array(1f);
// Of each reaction in turn: how many of each kind it takes, and how many more of each there then are.
const TAKES = array(0f);
const CHANGES = array(1f);

struct Params {
  rows: u32,
  leaps: u32,
  every: u32,
}

@group(0) @binding(0) var<storage, read> rates: array<f32>;
@group(0) @binding(1) var<storage, read> uniforms: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// The normal quantile of u: √2 times Giles's polynomials for the inverse error function (2010,
// "Approximating the erfinv function", single precision), of 1 − (2u − 1)² = 4u(1 − u).
fn normalQuantile(u: f32) -> f32 {
  let v = -log(4 * u * (1 - u));
  var p: f32;
  if (v < 5) {
    let w = v - 2.5;
    p = 2.81022636e-08;
    p = 3.43273939e-07 + p * w;
    p = -3.5233877e-06 + p * w;
    p = -4.39150654e-06 + p * w;
    p = 0.00021858087 + p * w;
    p = -0.00125372503 + p * w;
    p = -0.00417768164 + p * w;
    p = 0.246640727 + p * w;
    p = 1.50140941 + p * w;
  } else {
    let w = sqrt(v) - 3;
    p = -0.000200214257;
    p = 0.000100950558 + p * w;
    p = 0.00134934322 + p * w;
    p = -0.00367342844 + p * w;
    p = 0.00573950773 + p * w;
    p = -0.0076224613 + p * w;
    p = 0.00943887047 + p * w;
    p = 1.00167406 + p * w;
    p = 2.83297682 + p * w;
  }
  return 1.4142135623730951 * p * (2 * u - 1);
}

fn poisson(mean: f32, u: f32) -> f32 {
  if (mean < LARGE_MEAN) {
    var k = 0f;
    var term = exp(-mean);
    var below = term;
    while (u > below && k < MOST_SMALL) {
      k += 1;
      term *= mean / k;
      below += term;
    }
    return k;
  }
  let root = sqrt(mean);
  let w = normalQuantile(u);
  let square = w * w;
  return max(0, floor(mean + root * w + (2 + square) / 6 - w * (2 + square) / (72 * root)));
}

// Ways in which `count` of x individuals meet.
fn meetings(x: f32, count: f32) -> f32 {
  return select(select(1, x, count == 1), 0.5 * x * (x - 1), count == 2);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * WORKGROUP + id.x;
  if (row >= params.rows) {
    return;
  }
  var x = INITIAL;
  var at = row * (params.leaps / params.every) * KINDS;
  for (var leap = 0u; leap < params.leaps; leap++) {
    var times: array<f32, REACTIONS>;
    for (var r = 0u; r < REACTIONS; r++) {
      var mean = TAU * rates[row * REACTIONS + r];
      for (var kind = 0u; kind < KINDS; kind++) {
        mean *= meetings(x[kind], TAKES[r * KINDS + kind]);
      }
      times[r] = poisson(mean, uniforms[(leap * REACTIONS + r) * params.rows + row]);
    }
    for (var r = 0u; r < REACTIONS; r++) {
      var k = times[r];
      for (var kind = 0u; kind < KINDS; kind++) {
        let takes = TAKES[r * KINDS + kind];
        if (takes > 0) {
          k = min(k, floor(x[kind] / takes));
        }
      }
      for (var kind = 0u; kind < KINDS; kind++) {
        x[kind] = min(x[kind] + k * CHANGES[r * KINDS + kind], MOST);
      }
    }
    if ((leap + 1) % params.every == 0) {
      for (var kind = 0u; kind < KINDS; kind++) {
        y[at + kind] = x[kind];
      }
      at += KINDS;
    }
  }
}
