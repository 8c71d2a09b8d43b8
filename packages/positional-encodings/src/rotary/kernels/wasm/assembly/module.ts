/** The pair at hand: y₁ = x₁ cos − x₂ sin, y₂ = x₁ sin + x₂ cos, in four lanes. */
class Turned {
  @inline
  static first(x1: v128, x2: v128, cos: v128, sin: v128): v128 {
    return f32x4.sub(f32x4.mul(x1, cos), f32x4.mul(x2, sin))
  }

  @inline
  static second(x1: v128, x2: v128, cos: v128, sin: v128): v128 {
    return f32x4.add(f32x4.mul(x1, sin), f32x4.mul(x2, cos))
  }
}

/**
 * Turns every pair of every head.
 *
 * @param x - `[batch, length, heads, 2 · pairs]`, as y
 * @param cos - `[length, pairs]`, as sin
 * @param interleaved - whether pair i is (2i, 2i + 1) or (i, i + pairs)
 * @param direction - 1 or −1, factor of the angles
 */
export function rotate(
  x: usize,
  cos: usize,
  sin: usize,
  y: usize,
  batch: i32,
  length: i32,
  heads: i32,
  pairs: i32,
  interleaved: bool,
  direction: f32,
): void {
  const step = (<usize>pairs) << 3
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let position = 0; position < length; position++) {
      const at = (<usize>(position * pairs)) << 2
      for (let head = 0; head < heads; head++) {
        if (interleaved) rotateNeighbours(x, cos + at, sin + at, y, pairs, direction)
        else rotateHalves(x, cos + at, sin + at, y, pairs, direction)
        x += step
        y += step
      }
    }
  }
}

function rotateHalves(x: usize, cos: usize, sin: usize, y: usize, pairs: i32, direction: f32): void {
  const directions = f32x4.splat(direction)
  const half = (<usize>pairs) << 2
  let i = 0
  for (; i + 4 <= pairs; i += 4) {
    const at = (<usize>i) << 2
    const x1 = v128.load(x + at)
    const x2 = v128.load(x + half + at)
    const c = v128.load(cos + at)
    const s = f32x4.mul(v128.load(sin + at), directions)
    v128.store(y + at, Turned.first(x1, x2, c, s))
    v128.store(y + half + at, Turned.second(x1, x2, c, s))
  }
  for (; i < pairs; i++) {
    const at = (<usize>i) << 2
    rotatePair(x + at, half, load<f32>(cos + at), load<f32>(sin + at) * direction, y + at)
  }
}

function rotateNeighbours(x: usize, cos: usize, sin: usize, y: usize, pairs: i32, direction: f32): void {
  const directions = f32x4.splat(direction)
  let i = 0
  for (; i + 4 <= pairs; i += 4) {
    const at = (<usize>i) << 2
    const low = v128.load(x + 2 * at)
    const high = v128.load(x + 2 * at, 16)
    const x1 = v128.shuffle<f32>(low, high, 0, 2, 4, 6)
    const x2 = v128.shuffle<f32>(low, high, 1, 3, 5, 7)
    const c = v128.load(cos + at)
    const s = f32x4.mul(v128.load(sin + at), directions)
    const y1 = Turned.first(x1, x2, c, s)
    const y2 = Turned.second(x1, x2, c, s)
    v128.store(y + 2 * at, v128.shuffle<f32>(y1, y2, 0, 4, 1, 5))
    v128.store(y + 2 * at, v128.shuffle<f32>(y1, y2, 2, 6, 3, 7), 16)
  }
  for (; i < pairs; i++) {
    const at = (<usize>i) << 2
    rotatePair(x + 2 * at, 4, load<f32>(cos + at), load<f32>(sin + at) * direction, y + 2 * at)
  }
}

/** One pair, whose second element lies `gap` bytes behind the first. */
function rotatePair(x: usize, gap: usize, cos: f32, sin: f32, y: usize): void {
  const x1 = load<f32>(x)
  const x2 = load<f32>(x + gap)
  store<f32>(y, x1 * cos - x2 * sin)
  store<f32>(y + gap, x1 * sin + x2 * cos)
}
