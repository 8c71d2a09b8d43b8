/** Four numbers at a time. The assembly of every package includes this file by its path. */
export class Lanes {
  /**
   * e^x for x ≤ 0, to 1.2e-7 relative; 0 below −87.336, where float32 would leave its normal range. NaN stays NaN.
   * x = n · ln 2 + r with |r| ≤ ln 2 / 2 and a polynomial of degree 7 in r (Cephes `expf`).
   */
  @inline
  static exponential(x: v128): v128 {
    const smallest = f32x4.splat(-87.33654)
    const clamped = f32x4.pmax(x, smallest) // cheaper than max; NaN stays, as it comes first
    const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)))
    // ln 2 in two parts, the first exact in few bits
    let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)))
    r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)))
    let p = f32x4.add(f32x4.mul(f32x4.splat(1.98756915e-4), r), f32x4.splat(1.3981999507e-3))
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3))
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2))
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1))
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1))
    p = f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r)
    p = f32x4.add(p, f32x4.splat(1))
    const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
    return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, smallest))
  }

  /** Sum of the four lanes. */
  @inline
  static sum(x: v128): f32 {
    return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  }

  /** Largest of the four lanes. */
  @inline
  static max(x: v128): f32 {
    return max(
      max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
      max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
    )
  }

  /** All ones in the lanes whose column, counted from `column`, lies in [start, end). */
  @inline
  static within(column: i32, start: i32, end: i32): v128 {
    const columns = i32x4.add(i32x4.splat(column), i32x4(0, 1, 2, 3))
    return v128.and(i32x4.ge_s(columns, i32x4.splat(start)), i32x4.lt_s(columns, i32x4.splat(end)))
  }
}

/** e^x of one number, see {@link Lanes.exponential}. */
export function exponentialOf(x: f32): f32 {
  return f32x4.extract_lane(Lanes.exponential(f32x4.splat(x)), 0)
}

/** Replaces numbers x ≤ 0 by e^x, `count` a multiple of 4. Nothing but the test of the error calls it. */
export function exponential(numbers: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    const at = numbers + ((<usize>i) << 2)
    v128.store(at, Lanes.exponential(v128.load(at)))
  }
}
