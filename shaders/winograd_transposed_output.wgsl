// The last part of winograd_transposed_input.wgsl, which explains it: M [9, T, 4 · Cx] → x [N, H, W, Cx],
// columns of M in order of (ry, rx, cx). Of the two rows of a plane that are a tile's own, one is its
// d1, and the other is shared with a neighbour: the tile's d2 and the d0 of the next one where ry is 0,
// the tile's d0 and the d2 of the one before where ry is 1. Likewise columns.
//
// One invocation a value of type V in a plane of a tile: 16 loads, 4 stores.

alias V = vec4f;
const WORKGROUP = 64;

struct Params {
  count: u32, // T · 4 · channels
  channels: u32, // Cx in units of V
  across: u32, // OW/2
  down: u32, // OH/2
}

@group(0) @binding(0) var<storage, read> products: array<V>;
@group(0) @binding(1) var<storage, read_write> result: array<V>;
@group(0) @binding(2) var<uniform> params: Params;

fn map(v: V, i: u32) -> V {
  return v;
}

// d1, and the one at the edge.
struct Pair {
  inner: V,
  edge: V,
}

fn pair(m0: V, m1: V, m2: V, neighbour: V, parity: u32) -> Pair {
  return Pair(m1 - m0 - m2, select(m2, m0, parity == 1) + neighbour);
}

// The rows of one column of products of a tile.
fn column(at: u32, beside: u32, inside: bool, parity: u32) -> Pair {
  let row = 3 * params.count;
  return pair(
    products[at],
    products[at + row],
    products[at + 2 * row],
    select(V(), products[beside + 2 * parity * row], inside),
    parity,
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP + id.x;
  let count = params.count;
  if (i >= count) {
    return;
  }
  let channels = params.channels;
  let across = params.across;
  let planeOfTile = i / channels;
  let channel = i - planeOfTile * channels;
  let tile = planeOfTile / 4;
  let ry = (planeOfTile >> 1) & 1;
  let rx = planeOfTile & 1;
  let tileRow = tile / across;
  let tileColumn = tile - tileRow * across;
  // Before the first tile is no tile, nor after the last: as unsigned numbers both are too large.
  let inside = tileRow % params.down + 1 - 2 * ry < params.down;
  let nextInside = tileColumn + 1 - 2 * rx < across;
  let beside = (1 - 2 * ry) * 4 * across * channels;
  let next = i + (1 - 2 * rx) * 4 * channels + 2 * rx * count;
  let c0 = column(i, i + beside, inside, ry);
  let c1 = column(i + count, i + count + beside, inside, ry);
  let c2 = column(i + 2 * count, i + 2 * count + beside, inside, ry);
  let c3 = column(next, next + beside, inside, ry);
  let innerRow = pair(c0.inner, c1.inner, c2.inner, select(V(), c3.inner, nextInside), rx);
  let edgeRow = pair(c0.edge, c1.edge, c2.edge, select(V(), c3.edge, nextInside), rx);

  let row = 4 * across * channels;
  let first = tileRow * 4 * row + tileColumn * 4 * channels + channel;
  let y = vec2u(1 + ry, 3 - 3 * ry);
  let x = vec2u(1 + rx, 3 - 3 * rx);
  // A loop, so that `map` is compiled once and not four times.
  var values = array(innerRow.inner, innerRow.edge, edgeRow.inner, edgeRow.edge);
  for (var k = 0u; k < 4; k++) {
    let at = first + y[k >> 1] * row + x[k & 1] * channels;
    result[at] = map(values[k], at);
  }
}
