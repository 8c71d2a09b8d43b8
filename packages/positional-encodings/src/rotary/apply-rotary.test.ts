import { readFileSync } from 'node:fs'
import { createRandom, type KernelName, tf, useEngine, valueAndGradients } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak, type GoldenTensor } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { applyRotary } from './apply-rotary.js'
import type { RotaryStyle } from './contract.js'
import { rotaryTables } from './rotary-tables.js'

interface GoldenRope {
  x: GoldenTensor
  cases: { name: string; style: RotaryStyle; positions: number[]; dim: number; base: number; y: GoldenTensor }[]
  backward: { style: RotaryStyle; positions: number[]; dy: GoldenTensor; dx: GoldenTensor }
  interleaved_to_half_permutation: number[]
}
const golden: GoldenRope = JSON.parse(
  readFileSync(new URL('../../../../test/golden/rope.json', import.meta.url), 'utf8'),
)
const tensor = ({ shape, data }: GoldenTensor) => tf.tensor4d([...data], shape as [number, number, number, number])
const styles: RotaryStyle[] = ['half', 'interleaved']

function normal(seed: number, shape: [number, number, number, number]): tf.Tensor4D {
  const random = createRandom(seed)
  const size = shape.reduce((a, b) => a * b)
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  )
}

describe.each<{ backend: 'cpu' | 'wasm'; use: KernelName }>([
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
])("applyRotary: kernel '$use' on $backend", ({ backend, use }) => {
  const kernels = { use }

  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each(golden.cases)('golden: $name, $style', ({ style, positions, dim, base, y }) => {
    const tables = rotaryTables({ headDim: dim, base, positions })
    expectClose(applyRotary(tensor(golden.x), tables, { style, kernels }), y, { relative: 2e-7 })
  })

  it('golden: backward', () => {
    const { style, positions, dy, dx } = golden.backward
    const tables = rotaryTables({ headDim: dy.shape[3], positions })
    const gradient = tf.grad((x) => applyRotary(x as tf.Tensor4D, tables, { style, kernels }))
    expectClose(gradient(tensor(golden.x), tensor(dy)), dx, { relative: 2e-7 })
  })

  it('golden: the styles differ by a permutation of dimensions', () => {
    const permutation = tf.tensor1d(golden.interleaved_to_half_permutation, 'int32')
    const tables = rotaryTables({ headDim: 8, positions: { start: 7, length: 5 } })
    const x = tensor(golden.x)
    const half = applyRotary(tf.gather(x, permutation, 3), tables, { style: 'half', kernels })
    const interleaved = applyRotary(x, tables, { style: 'interleaved', kernels })
    expectClose(half, tf.gather(interleaved, permutation, 3), { relative: 1e-6 })
  })

  it('keeps the length of every head', () => {
    const pairCounts = fc.integer({ min: 1, max: 9 })
    fc.assert(
      fc.property(fc.constantFrom(...styles), pairCounts, fc.nat(2 ** 31), (style, pairs, start) => {
        tf.tidy(() => {
          const x = normal(1, [2, 3, 2, 2 * pairs])
          const tables = rotaryTables({ headDim: 2 * pairs, positions: { start, length: 3 } })
          const rotated = applyRotary(x, tables, { style, kernels })
          expectClose(tf.sum(tf.square(rotated), 3), tf.sum(tf.square(x), 3), { relative: 1e-6 })
        })
      }),
      { numRuns: 30, seed: 1 },
    )
  })

  it('makes inner products depend on the distance alone, at positions up to 2^31', () => {
    fc.assert(
      fc.property(fc.constantFrom(...styles), fc.nat(2 ** 31 - 10), (style, start) => {
        tf.tidy(() => {
          const at = (first: number) => {
            const tables = rotaryTables({ headDim: 16, positions: { start: first, length: 4 } })
            const [q, k] = [2, 3].map((seed) => applyRotary(normal(seed, [1, 4, 1, 16]), tables, { style, kernels }))
            const [rows, columns] = [q, k].map((x) => tf.reshape(x, [4, 16]) as tf.Tensor2D)
            return tf.matMul(rows, columns, false, true)
          }
          expectClose(at(start), at(0), { relative: 2e-6 })
        })
      }),
      { numRuns: 30, seed: 1 },
    )
  })

  it.each(styles)('has a gradient that turns back, %s', (style) => {
    const tables = rotaryTables({ headDim: 8, positions: { start: 11, length: 5 } })
    const x = normal(4, [2, 5, 3, 8])
    const turnBack = tf.grad((y) => applyRotary(y as tf.Tensor4D, tables, { style, kernels }))
    expectClose(turnBack(x, applyRotary(x, tables, { style, kernels })), x, { relative: 1e-6 })
  })

  it('keeps its tables for the backward pass when the forward pass frees them', async () => {
    const x = normal(5, [1, 3, 1, 4])
    await expectNoLeak(() => {
      const { value, gradients } = valueAndGradients(
        ({ x }: { x: tf.Tensor4D }) => {
          const tables = rotaryTables({ headDim: 4, positions: { start: 2, length: 3 } })
          return tf.sum(tf.square(applyRotary(x, tables, { kernels }))) as tf.Scalar
        },
        { x },
      )
      tf.tidy(() => expectClose(gradients.x, tf.mul(x, 2), { relative: 1e-6 }))
      tf.dispose([value, gradients.x])
    })
  })
})

describe('applyRotary refuses', () => {
  it('tables for another length or head size', async () => {
    await useEngine({ backend: 'cpu' })
    const tables = rotaryTables({ headDim: 8, positions: { start: 0, length: 5 } })
    expect(() => applyRotary(tf.zeros([1, 4, 2, 8]), tables)).toThrow(
      'applyRotary: x must have shape [batch, 5, heads, 8], but has [1, 4, 2, 8].',
    )
    expect(() => applyRotary(tf.zeros([1, 5, 2, 4]), tables)).toThrow(expect.objectContaining({ code: 'shape' }))
  })
})
