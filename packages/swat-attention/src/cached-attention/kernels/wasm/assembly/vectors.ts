class Four {
  /** Sums of the lanes of four vectors. */
  @inline
  static sums(a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7)) // a b a b
    const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7))
    return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7))
  }
}

/** Inner products of one vector with `count` vectors that lie `step` bytes apart. */
export function innerProducts(vector: usize, others: usize, step: usize, count: i32, size: i32, out: usize): void {
  const whole = (<usize>(size & ~3)) << 2
  const pairs = whole & ~31
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const k0 = others
    const k1 = k0 + step
    const k2 = k1 + step
    const k3 = k2 + step
    let a0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    let b0 = f32x4.splat(0)
    let b1 = f32x4.splat(0)
    let b2 = f32x4.splat(0)
    let b3 = f32x4.splat(0)
    let at: usize = 0
    for (; at < pairs; at += 32) {
      const q = v128.load(vector + at)
      a0 = f32x4.add(a0, f32x4.mul(q, v128.load(k0 + at)))
      a1 = f32x4.add(a1, f32x4.mul(q, v128.load(k1 + at)))
      a2 = f32x4.add(a2, f32x4.mul(q, v128.load(k2 + at)))
      a3 = f32x4.add(a3, f32x4.mul(q, v128.load(k3 + at)))
      const r = v128.load(vector + at, 16)
      b0 = f32x4.add(b0, f32x4.mul(r, v128.load(k0 + at, 16)))
      b1 = f32x4.add(b1, f32x4.mul(r, v128.load(k1 + at, 16)))
      b2 = f32x4.add(b2, f32x4.mul(r, v128.load(k2 + at, 16)))
      b3 = f32x4.add(b3, f32x4.mul(r, v128.load(k3 + at, 16)))
    }
    if (at < whole) {
      const q = v128.load(vector + at)
      a0 = f32x4.add(a0, f32x4.mul(q, v128.load(k0 + at)))
      a1 = f32x4.add(a1, f32x4.mul(q, v128.load(k1 + at)))
      a2 = f32x4.add(a2, f32x4.mul(q, v128.load(k2 + at)))
      a3 = f32x4.add(a3, f32x4.mul(q, v128.load(k3 + at)))
    }
    const to = out + ((<usize>i) << 2)
    v128.store(to, Four.sums(f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2), f32x4.add(a3, b3)))
    if (size & 3) {
      store<f32>(to, load<f32>(to) + rest(vector, k0, whole, size))
      store<f32>(to, load<f32>(to, 4) + rest(vector, k1, whole, size), 4)
      store<f32>(to, load<f32>(to, 8) + rest(vector, k2, whole, size), 8)
      store<f32>(to, load<f32>(to, 12) + rest(vector, k3, whole, size), 12)
    }
    others = k3 + step
  }
  for (; i < count; i++) {
    let a = f32x4.splat(0)
    for (let at: usize = 0; at < whole; at += 16) {
      a = f32x4.add(a, f32x4.mul(v128.load(vector + at), v128.load(others + at)))
    }
    const sum = f32x4.extract_lane(Four.sums(a, a, a, a), 0)
    store<f32>(out + ((<usize>i) << 2), sum + rest(vector, others, whole, size))
    others += step
  }
}

/** The part of an inner product from `at` bytes on. */
function rest(a: usize, b: usize, at: usize, size: i32): f32 {
  const end = (<usize>size) << 2
  let sum: f32 = 0
  for (; at < end; at += 4) sum += load<f32>(a + at) * load<f32>(b + at)
  return sum
}

/** sum += Σ weights[i] · vector i, of `count` vectors that lie `step` bytes apart. */
export function accumulate(sum: usize, weights: usize, vectors: usize, step: usize, count: i32, size: i32): void {
  const bytes = (<usize>size) << 2
  const end = weights + ((<usize>count) << 2)
  let at: usize = 0
  for (; at + 128 <= bytes; at += 128) {
    const to = sum + at
    let s0 = v128.load(to)
    let s1 = v128.load(to, 16)
    let s2 = v128.load(to, 32)
    let s3 = v128.load(to, 48)
    let s4 = v128.load(to, 64)
    let s5 = v128.load(to, 80)
    let s6 = v128.load(to, 96)
    let s7 = v128.load(to, 112)
    let from = vectors + at
    for (let weight = weights; weight < end; weight += 4) {
      const w = v128.load_splat<f32>(weight)
      s0 = f32x4.add(s0, f32x4.mul(w, v128.load(from)))
      s1 = f32x4.add(s1, f32x4.mul(w, v128.load(from, 16)))
      s2 = f32x4.add(s2, f32x4.mul(w, v128.load(from, 32)))
      s3 = f32x4.add(s3, f32x4.mul(w, v128.load(from, 48)))
      s4 = f32x4.add(s4, f32x4.mul(w, v128.load(from, 64)))
      s5 = f32x4.add(s5, f32x4.mul(w, v128.load(from, 80)))
      s6 = f32x4.add(s6, f32x4.mul(w, v128.load(from, 96)))
      s7 = f32x4.add(s7, f32x4.mul(w, v128.load(from, 112)))
      from += step
    }
    v128.store(to, s0)
    v128.store(to, s1, 16)
    v128.store(to, s2, 32)
    v128.store(to, s3, 48)
    v128.store(to, s4, 64)
    v128.store(to, s5, 80)
    v128.store(to, s6, 96)
    v128.store(to, s7, 112)
  }
  for (; at + 16 <= bytes; at += 16) {
    let s = v128.load(sum + at)
    let from = vectors + at
    for (let weight = weights; weight < end; weight += 4) {
      s = f32x4.add(s, f32x4.mul(v128.load_splat<f32>(weight), v128.load(from)))
      from += step
    }
    v128.store(sum + at, s)
  }
  for (; at < bytes; at += 4) {
    let s = load<f32>(sum + at)
    let from = vectors + at
    for (let weight = weights; weight < end; weight += 4) {
      s += load<f32>(weight) * load<f32>(from)
      from += step
    }
    store<f32>(sum + at, s)
  }
}

/** to = factor · from. */
export function scaled(from: usize, factor: f32, size: i32, to: usize): void {
  const factors = f32x4.splat(factor)
  const whole = (<usize>(size & ~3)) << 2
  const bytes = (<usize>size) << 2
  let at: usize = 0
  for (; at < whole; at += 16) v128.store(to + at, f32x4.mul(factors, v128.load(from + at)))
  for (; at < bytes; at += 4) store<f32>(to + at, factor * load<f32>(from + at))
}
