import { tf, useEngine } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { constantTensor } from './constant-tensor.js'
import { swatAttention } from './swat-attention.js'

const noGpu = await webgpuUnavailable()

describe.skipIf(noGpu !== null)(noGpu ? `skipped: ${noGpu}` : 'constants on webgpu', () => {
  beforeEach(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('stay bounded over a schedule of biases, and the backward pass of an early one is right', async () => {
    const x = tf.ones([1, 3, 1, 4]) as tf.Tensor4D
    const gradient = async (schedule: number[]) => {
      const tensor = tf.grad((values: tf.Tensor) => {
        const outputs = schedule.map((bias) => swatAttention(x, x, values as tf.Tensor4D, { window: 2, bias }))
        return tf.sum(outputs[0])
      })(x)
      const data = await tensor.data()
      tensor.dispose()
      return [...data]
    }
    const expected = await gradient([0.5])
    const schedule = Array.from({ length: 200 }, (_, i) => 0.5 + i / 8)
    const before = tf.memory().numTensors
    expect(await gradient(schedule)).toEqual(expected)
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(64)
    x.dispose()
  })

  it('keep the list used last', () => {
    const often = constantTensor([1, 2])
    for (let i = 0; i < 100; i++) {
      constantTensor([i, -7])
      expect(constantTensor([1, 2])).toBe(often)
    }
    expect(often.isDisposed).toBe(false)
  })

  it('go with their device', async () => {
    const tensor = constantTensor([3, 1, 4])
    tf.removeBackend('webgpu')
    expect(tensor.isDisposed).toBe(true)
    await useEngine({ backend: 'webgpu' })
    expect([...(await constantTensor([3, 1, 4]).data())]).toEqual([3, 1, 4])
  })
})
