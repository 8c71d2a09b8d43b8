import { SwatError } from '../swat-error.js'
import type { SafetensorsEntry } from './safetensors.js'

/**
 * A floating-point tensor's elements in float32: F32 as they are (shared, not copied), F16 and BF16 exactly, F64
 * rounded.
 *
 * @param entry - a tensor of a safetensors file
 * @returns its elements
 * @throws SwatError `safetensors` for integer and boolean tensors
 */
export function safetensorsToFloat32({ dtype, data }: SafetensorsEntry): Float32Array {
  if (dtype === 'F32') return data as Float32Array
  if (dtype === 'F64') return Float32Array.from(data as Float64Array)
  if (dtype === 'F16') return Float32Array.from(data as Uint16Array, halfToNumber)
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer)
  throw new SwatError(
    'safetensors',
    `safetensorsToFloat32: expected F32, F64, F16 or BF16, but the tensor is ${dtype}.`,
  )
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
