import { Lanes } from '../../../../engines/wasm/assembly/lanes'

/** Four elements at a time; what is left at the end is computed in four equal lanes. */
class Gate {
  /** e^−|gate| */
  @inline
  static exponential(gate: v128): v128 {
    return Lanes.exponential(f32x4.neg(f32x4.abs(gate)))
  }

  /** 1 / (1 + e^−|gate|) */
  @inline
  static reciprocal(exponential: v128): v128 {
    return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exponential))
  }

  /** silu(gate) · up */
  @inline
  static output(gate: v128, up: v128): v128 {
    const e = Gate.exponential(gate)
    const r = Gate.reciprocal(e)
    const weight = v128.bitselect(r, f32x4.mul(e, r), f32x4.ge(gate, f32x4.splat(0)))
    return f32x4.mul(f32x4.mul(gate, weight), up)
  }

  /** silu′(gate) = σ(gate) · (1 + gate · σ(−gate)) */
  @inline
  static slope(gate: v128, weight: v128, opposite: v128): v128 {
    return f32x4.mul(weight, f32x4.add(f32x4.splat(1), f32x4.mul(gate, opposite)))
  }
}

/** out = silu(gate) · up */
export function forward(gate: usize, up: usize, out: usize, size: i32): void {
  const whole = (<usize>(size & ~3)) << 2
  const end = (<usize>size) << 2
  let at: usize = 0
  for (; at < whole; at += 16) v128.store(out + at, Gate.output(v128.load(gate + at), v128.load(up + at)))
  for (; at < end; at += 4) {
    const output = Gate.output(v128.load_splat<f32>(gate + at), v128.load_splat<f32>(up + at))
    store<f32>(out + at, f32x4.extract_lane(output, 0))
  }
}

/** dGate = dOut · up · silu′(gate), dUp = dOut · silu(gate) */
export function backward(gate: usize, up: usize, dOut: usize, dGate: usize, dUp: usize, size: i32): void {
  const whole = (<usize>(size & ~3)) << 2
  const end = (<usize>size) << 2
  for (let at: usize = 0; at < end; at += at < whole ? 16 : 4) {
    const isWhole = at < whole
    const g = isWhole ? v128.load(gate + at) : v128.load_splat<f32>(gate + at)
    const u = isWhole ? v128.load(up + at) : v128.load_splat<f32>(up + at)
    const d = isWhole ? v128.load(dOut + at) : v128.load_splat<f32>(dOut + at)
    const e = Gate.exponential(g)
    const r = Gate.reciprocal(e)
    const er = f32x4.mul(e, r)
    const isPositive = f32x4.ge(g, f32x4.splat(0))
    const weight = v128.bitselect(r, er, isPositive)
    const ofGate = f32x4.mul(f32x4.mul(d, u), Gate.slope(g, weight, v128.bitselect(er, r, isPositive)))
    const ofUp = f32x4.mul(d, f32x4.mul(g, weight))
    if (isWhole) {
      v128.store(dGate + at, ofGate)
      v128.store(dUp + at, ofUp)
    } else {
      store<f32>(dGate + at, f32x4.extract_lane(ofGate, 0))
      store<f32>(dUp + at, f32x4.extract_lane(ofUp, 0))
    }
  }
}
