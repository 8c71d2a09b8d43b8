import { tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { describe, expect, it } from 'vitest'
import { swatAttention } from './swat-attention.js'

const noGpu = await webgpuUnavailable()

/** Output and gradients of attention to numbers that were integers once. */
async function attend(backend: 'cpu' | 'webgpu', dtype: 'int32' | 'bool'): Promise<Float32Array[]> {
  await useEngine({ backend })
  return expectNoLeak(async () => {
    const integers = (seed: number) =>
      tf.cast(
        tf.tensor4d(
          Array.from({ length: 40 }, (_, i) => ((i * seed) % 3 > 1 ? 1 : 0)),
          [1, 5, 2, 4],
          dtype,
        ),
        'float32',
      )
    const bias = () => tf.cast(tf.tensor1d([1, 0], dtype), 'float32')
    const results = tf.tidy(() => {
      const inputs = [integers(1), integers(5), integers(7), bias()]
      const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, bias: tf.Tensor) =>
        swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { window: 3, bias: bias as tf.Tensor1D })
      const [q, k, v, b] = inputs
      return [run(q, k, v, b), ...tf.grads(run)(inputs, integers(2))]
    })
    const values = await Promise.all(results.map((tensor) => tensor.data<'float32'>()))
    tf.dispose(results)
    return values
  })
}

describe.skipIf(noGpu !== null)(noGpu ? `skipped: ${noGpu}` : 'swatAttention on webgpu equals cpu', () => {
  it.each(['int32', 'bool'] as const)('for %s tensors that were cast to float32', async (dtype) => {
    const expected = await attend('cpu', dtype)
    const actual = await attend('webgpu', dtype)
    expect(expected.flatMap((values) => [...values]).some((value) => value !== 0)).toBe(true)
    for (const [i, values] of actual.entries()) expectClose(values, expected[i], { relative: 2e-6, absolute: 1e-9 })
  })

  it('for int32 tensors', async () => {
    const run = async (backend: 'cpu' | 'webgpu') => {
      await useEngine({ backend })
      const x = tf.tensor4d([1, 2, -1, 0, 3, 1, 1, -2], [1, 4, 1, 2], 'int32')
      return swatAttention(x, x, x, { window: 3 }).data<'float32'>()
    }
    expectClose(await run('webgpu'), await run('cpu'), { relative: 2e-6 })
  })
})
