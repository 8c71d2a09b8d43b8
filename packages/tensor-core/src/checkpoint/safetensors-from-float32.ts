import { SwatError } from '../swat-error.js'
import type { SafetensorsEntry } from './safetensors.js'

/** The types of floating-point numbers that weights are commonly written in. */
export type FloatDtype = 'F32' | 'F16' | 'BF16'

/**
 * A tensor of a safetensors file from float32, rounded to the nearest number of its type, ties to even.
 *
 * @param data - elements, row-major
 * @param shape - length of each axis
 * @param dtype - type in the file; F32 shares the elements
 * @returns the entry; `safetensorsToFloat32` reads it back
 * @throws SwatError `safetensors` when a finite element becomes infinite, which happens in F16 beyond 65,519
 */
export function safetensorsFromFloat32(
  data: Float32Array,
  shape: readonly number[],
  dtype: FloatDtype,
): SafetensorsEntry {
  if (dtype === 'F32') return { dtype, shape, data }
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const round = dtype === 'BF16' ? bfloat16Bits : float16Bits
  const infinity = dtype === 'BF16' ? 0x7f80 : 0x7c00
  const rounded = Uint16Array.from(bits, round)
  const overflow = rounded.findIndex((half, i) => (half & 0x7fff) === infinity && Number.isFinite(data[i]))
  if (overflow === -1) return { dtype, shape, data: rounded }
  throw new SwatError(
    'safetensors',
    `safetensorsFromFloat32: ${data[overflow]} is too large for ${dtype}. Write F32${dtype === 'F16' ? ' or BF16' : ''}.`,
  )
}

/** The upper half of a float32, rounded by the lower one; NaN stays NaN. */
function bfloat16Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00 // from 65,536 on, and ∞
  const exponent = magnitude >>> 23
  if (exponent < 102) return sign // less than half of the smallest number, 2⁻²⁴
  const fraction = (magnitude & 0x7fffff) | 0x800000
  const dropped = exponent < 113 ? 126 - exponent : 13 // subnormal numbers have fewer digits
  const kept = fraction >>> dropped
  const rest = fraction & ((1 << dropped) - 1)
  const half = 1 << (dropped - 1)
  const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0
  // A normal number keeps its leading 1, which adds to the exponent below it; so does a carry.
  return sign | (exponent < 113 ? kept + up : ((exponent - 113) << 10) + kept + up)
}
