// Normal random numbers by Box & Muller (1958): words (0, 1) give √(−2 ln u₀)·(cos, sin)(2πu₁),
// words (2, 3) likewise, with u = (n + ½)·2⁻²³ and n the upper 23 bits of a word.
//
// WGSL leaves its own sin and cos as much as 2⁻¹¹ of error and says nothing of its log near 1, so
// that numbers would differ from device to device: here are polynomials, good to a few 1e-7. Both
// pairs are worked on side by side. An odd w = 2n + 1 stands for u = w·2⁻²⁴.

// −2 ln u. u = 2ᵉ·(1 + s) with √½ ≤ 1 + s < √2, and ln(1 + s) = 2·artanh(t), t = s/(2 + s):
// |t| < 0.172, and the first term left out is below 1e-9.
fn minusTwoLog(w: vec2u) -> vec2f {
  // Shifted so that the exponent field steps at √½ instead of 1; both subtractions are exact.
  let bits = bitcast<vec2u>(vec2f(w)) + vec2u(0x3f800000 - 0x3f3504f3);
  let e = vec2f(vec2i(bits >> vec2u(23)) - (127 + 24));
  let s = bitcast<vec2f>((bits & vec2u(0x7fffff)) + vec2u(0x3f3504f3)) - 1;
  let t = s / (2 + s);
  let z = t * t;
  let series = 2 + z * (2.0 / 3 + z * (2.0 / 5 + z * (2.0 / 7 + z * (2.0 / 9 + z * (2.0 / 11)))));
  return -2 * (e * 0.6931471805599453 + t * series);
}

// cos and sin of 2π·w·2⁻²⁴: the nearest quarter turn by integers, which is exact, then Taylor's
// series for what is left, at most an eighth of a turn.
fn cosSin(w: vec2u) -> vec4f {
  let quarter = (w + vec2u(1u << 21)) >> vec2u(22);
  let a = vec2f(vec2i(w) - vec2i(quarter << vec2u(22))) * (6.283185307179586 * 0x1p-24);
  let z = a * a;
  let sine = a * (1 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880)))));
  let cosine =
    1 + z * (-1.0 / 2 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 - z * (1.0 / 3628800)))));
  let odd = (quarter & vec2u(1)) != vec2u(0);
  let x = select(cosine, sine, odd);
  let y = select(sine, cosine, odd);
  return vec4f(
    select(x, -x, ((quarter + 1) & vec2u(2)) != vec2u(0)),
    select(y, -y, (quarter & vec2u(2)) != vec2u(0)),
  );
}

fn distribute(words: vec4u) -> vec4f {
  let w = (words >> vec4u(9)) * 2 + 1;
  let radius = sqrt(minusTwoLog(w.xz));
  let turn = cosSin(w.yw);
  return vec4f(radius, radius).xzyw * turn.xzyw;
}
