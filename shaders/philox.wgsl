// Philox 4×32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"):
// four random words from a counter and a key, with no state. The slot `philox` of other modules.

// The upper half of the 64-bit product, from products of 16-bit halves: WGSL has no such multiply.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffff;
  let aHigh = a >> 16;
  let bLow = b & 0xffff;
  let bHigh = b >> 16;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16);
  let carry = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >> 16) + (carry >> 16);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0; round < 10; round++) {
    c = vec4u(
      multiplyHigh(0xcd9e8d57, c.z) ^ c.y ^ k.x,
      0xcd9e8d57 * c.z,
      multiplyHigh(0xd2511f53, c.x) ^ c.w ^ k.y,
      0xd2511f53 * c.x,
    );
    k += vec2u(0x9e3779b9, 0xbb67ae85);
  }
  return c;
}
