import { describe, expect, it } from 'vitest'
import { safetensorsFromFloat32, type FloatDtype } from './safetensors-from-float32.js'
import { safetensorsToFloat32 } from './safetensors-to-float32.js'

const write = (values: number[], dtype: FloatDtype) =>
  safetensorsFromFloat32(Float32Array.from(values), [values.length], dtype)
const through = (values: number[], dtype: FloatDtype) => Array.from(safetensorsToFloat32(write(values, dtype)))

describe('safetensorsFromFloat32', () => {
  it.each(['F16', 'BF16'] as const)('%s: every number of the type comes back as it was', (dtype) => {
    const data = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const values = safetensorsToFloat32({ dtype, shape: [65536], data })
    const again = safetensorsFromFloat32(values, [65536], dtype).data as Uint16Array
    const wrong = [...data].filter((bits) => again[bits] !== bits && !Number.isNaN(values[bits]))
    expect(wrong).toEqual([])
    const nans = [...data].filter((bits) => Number.isNaN(values[bits]))
    expect(nans.length).toBeGreaterThan(100)
    const written = safetensorsToFloat32({ dtype, shape: [65536], data: again })
    expect(nans.every((bits) => Number.isNaN(written[bits]))).toBe(true)
  })

  it.each(['F16', 'BF16'] as const)('%s: rounds to the nearest, ties to even', (dtype) => {
    // Numbers of the type on both sides, and where between them the rounding turns.
    const all = Uint16Array.from({ length: dtype === 'F16' ? 0x7c00 : 0x7f80 }, (_, i) => i)
    const numbers = safetensorsToFloat32({ dtype, shape: [all.length], data: all })
    for (let i = 0; i + 1 < numbers.length; i += 7) {
      const [low, high] = [numbers[i], numbers[i + 1]]
      const middle = low + (high - low) / 2
      if (Math.fround(middle) !== middle) continue
      const [below, above] = [middle - (high - low) / 8, middle + (high - low) / 8]
      if (Math.fround(below) !== below || Math.fround(above) !== above) continue
      const even = i % 2 === 0 ? low : high
      expect(through([below, middle, above, -middle], dtype)).toEqual([low, even, high, -even])
    }
  })

  it('shares float32', () => {
    const data = Float32Array.of(1, NaN)
    expect(safetensorsFromFloat32(data, [2], 'F32')).toEqual({ dtype: 'F32', shape: [2], data })
  })

  it('says what does not fit', () => {
    expect(through([65504, -65519, Infinity], 'F16')).toEqual([65504, -65504, Infinity])
    expect(() => write([1, 65520], 'F16')).toThrow('65520 is too large for F16. Write F32 or BF16.')
    expect(() => write([3.4e38], 'BF16')).toThrow('is too large for BF16. Write F32.')
  })
})
