class Moment {
  /** beta · moment + rest · sample */
  @inline
  static average(moment: v128, beta: f32, sample: v128, rest: f32): v128 {
    return f32x4.add(f32x4.mul(moment, f32x4.splat(beta)), f32x4.mul(sample, f32x4.splat(rest)))
  }
}

/**
 * One pass: moments, then parameter · decay − stepSize · m / (√v + epsilon), with the bias corrections in `stepSize` and
 * `epsilon`. `rest1` and `rest2` are 1 − beta, rounded once.
 */
export function update(
  parameter: usize,
  gradient: usize,
  firstMoment: usize,
  secondMoment: usize,
  newParameter: usize,
  newFirstMoment: usize,
  newSecondMoment: usize,
  size: i32,
  gradientScale: f32,
  decay: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  stepSize: f32,
  epsilon: f32,
): void {
  const whole = (<usize>(size & ~3)) << 2
  const end = (<usize>size) << 2
  for (let at: usize = 0; at < end; at += at < whole ? 16 : 4) {
    const isWhole = at < whole
    const p = isWhole ? v128.load(parameter + at) : v128.load_splat<f32>(parameter + at)
    const given = isWhole ? v128.load(gradient + at) : v128.load_splat<f32>(gradient + at)
    const m0 = isWhole ? v128.load(firstMoment + at) : v128.load_splat<f32>(firstMoment + at)
    const v0 = isWhole ? v128.load(secondMoment + at) : v128.load_splat<f32>(secondMoment + at)
    const g = f32x4.mul(given, f32x4.splat(gradientScale))
    const m = Moment.average(m0, beta1, g, rest1)
    const v = Moment.average(v0, beta2, f32x4.mul(g, g), rest2)
    const change = f32x4.div(f32x4.mul(m, f32x4.splat(stepSize)), f32x4.add(f32x4.sqrt(v), f32x4.splat(epsilon)))
    const updated = f32x4.sub(f32x4.mul(p, f32x4.splat(decay)), change)
    if (isWhole) {
      v128.store(newParameter + at, updated)
      v128.store(newFirstMoment + at, m)
      v128.store(newSecondMoment + at, v)
    } else {
      store<f32>(newParameter + at, f32x4.extract_lane(updated, 0))
      store<f32>(newFirstMoment + at, f32x4.extract_lane(m, 0))
      store<f32>(newSecondMoment + at, f32x4.extract_lane(v, 0))
    }
  }
}
