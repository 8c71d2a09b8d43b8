import { createRandom, heapMemory, heapPointer, type KernelChoice, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SwatAttentionOptions } from '../../op/contract.js'
import { swatAttention } from '../../op/swat-attention.js'
import { swatAttentionCases } from '../../testing/cases.js'
import { checkSwatAttentionCase } from '../../testing/conformance.js'
import { inWindow } from '../../window/window.js'
import { attentionModule } from './attention-module.js'

const kernels = { use: 'wasm' } as const

function normal(seed: number, ...shape: [number, number, number, number]): tf.Tensor4D {
  const random = createRandom(seed)
  const size = shape.reduce((product, axis) => product * axis, 1)
  return tf.tensor<tf.Rank.R4>(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  )
}

beforeAll(async () => {
  await useEngine({ backend: 'wasm', threads: 2 })
})

describe('the exponential', () => {
  const exponentials = (numbers: Float32Array): Float32Array => {
    const tensor = tf.tensor1d(numbers)
    attentionModule.exports().exponential(heapPointer(tensor), numbers.length)
    return tensor.dataSync() as Float32Array
  }

  it('is within 1.2e-7 of e^x down to where float32 loses digits', () => {
    const numbers = Float32Array.from({ length: 1 << 18 }, (_, i) => -87.33 * (i / (1 << 18)) ** 2)
    const errors = exponentials(numbers).map((e, i) => Math.abs(e / Math.exp(numbers[i]) - 1))
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(1.2e-7)
  })

  it('is exact at 0, 0 below the range, and keeps NaN', () => {
    expect([...exponentials(Float32Array.of(0, -87.34, -Infinity, NaN))]).toEqual([1, 0, 0, NaN])
  })
})

describe('NaN', () => {
  const [length, heads, kvHeads, headDim, window] = [150, 4, 2, 12, 20]
  const inputs = () => ({
    queries: normal(1, 1, length, heads, headDim),
    keys: normal(2, 1, length, kvHeads, headDim),
    values: normal(3, 1, length, kvHeads, headDim),
    outputGradient: normal(4, 1, length, heads, headDim),
  })
  type Name = keyof ReturnType<typeof inputs>

  /** Output and gradients by position, with some positions of some inputs turned into NaN. */
  function results(options: Partial<SwatAttentionOptions>, names: readonly Name[] = [], positions: number[] = []) {
    return tf.tidy(() => {
      const isPoisoned = tf.tensor4d(
        Array.from({ length }, (_, i) => (positions.includes(i) ? NaN : 0)),
        [1, length, 1, 1],
      )
      const given = Object.entries(inputs()).map(([name, tensor]) =>
        names.includes(name as Name) ? tf.add(tensor, isPoisoned) : tensor,
      )
      const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
        swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, {
          window,
          slopes: [-0.5, 0.25, 0.1, -1],
          ...options,
          kernels,
        })
      const [queries, keys, values, outputGradient] = given
      const gradients = tf.grads(run)([queries, keys, values], outputGradient)
      const [output, dQueries, dKeys, dValues] = [run(queries, keys, values), ...gradients].map((tensor) => {
        const data = tensor.dataSync()
        const size = data.length / length
        return Array.from({ length }, (_, i) => [...data.slice(i * size, (i + 1) * size)])
      })
      return { output, dQueries, dKeys, dValues }
    })
  }

  const settings = (['sigmoid', 'softmax'] as const).flatMap((activation) =>
    [0, 3].map((sinks) => ({ activation, sinks })),
  )

  it.each(settings)('in a key or value reaches only the queries that see it: $activation, $sinks sinks', (options) => {
    const clean = results(options)
    const poisoned = [40, 64, 127]
    const { output, dQueries } = results(options, ['keys', 'values'], poisoned)
    for (let m = 0; m < length; m++) {
      const sees = poisoned.some((n) => inWindow(m, n, window))
      expect(output[m].some(Number.isNaN), `output ${m}`).toBe(sees)
      expect(dQueries[m].some(Number.isNaN), `gradient ${m}`).toBe(sees)
      if (!sees) expect([output[m], dQueries[m]]).toEqual([clean.output[m], clean.dQueries[m]])
    }
  })

  it.each(settings)('in a query reaches only the keys that it sees: $activation, $sinks sinks', (options) => {
    const clean = results(options)
    const poisoned = [30, 90, 149]
    const { dKeys, dValues } = results(options, ['queries', 'outputGradient'], poisoned)
    for (let n = 0; n < length; n++) {
      const seen = poisoned.some((m) => inWindow(m, n, window) || n < options.sinks)
      expect(dKeys[n].some(Number.isNaN), `gradient of key ${n}`).toBe(seen)
      expect(dValues[n].some(Number.isNaN), `gradient of value ${n}`).toBe(seen)
      if (!seen) expect([dKeys[n], dValues[n]]).toEqual([clean.dKeys[n], clean.dValues[n]])
    }
  })

  it.each(settings)('in a document reaches no other: $activation, $sinks sinks', (options) => {
    const document = (i: number) => (i < 40 || i >= 110 ? 0 : 1)
    const ids = Array.from({ length }, (_, i) => document(i))
    const segmentIds = tf.tensor2d(ids, [1, length], 'int32')
    const clean = results({ ...options, segmentIds })
    const names = ['queries', 'keys', 'values', 'outputGradient'] as const
    const poisoned = ids.flatMap((id, i) => (id === 1 ? [i] : []))
    const dirty = results({ ...options, segmentIds }, names, poisoned)
    for (const name of ['output', 'dQueries', 'dKeys', 'dValues'] as const) {
      for (let i = 0; i < length; i++) {
        if (ids[i] === 1) expect(dirty[name][i].every(Number.isNaN), `${name} ${i}`).toBe(true)
        else expect(dirty[name][i], `${name} ${i}`).toEqual(clean[name][i])
      }
    }
  })

  it('in keys that no query sees reaches nothing', () => {
    const keys = normal(2, 1, length, 2, headDim)
    const hidden = tf.tensor4d(
      Array.from({ length }, (_, n) => (n <= 60 - window || n > 79 ? NaN : 0)),
      [1, length, 1, 1],
    )
    const queries = normal(1, 1, 20, 4, headDim)
    const run = (keys: tf.Tensor) =>
      swatAttention(queries, keys as tf.Tensor4D, keys as tf.Tensor4D, { window, queryOffset: 60, kernels })
    const poisoned = tf.add(keys, hidden)
    expectClose(run(poisoned), run(keys), { relative: 0 })
    expectClose(tf.grad(run)(poisoned), tf.grad(run)(keys), { relative: 0 })
  })
})

describe('the choice', () => {
  const choiceFor = (headDim: number) => {
    const choices: KernelChoice[] = []
    const x = normal(1, 1, 3, 1, headDim)
    swatAttention(x, x, x, { window: 2, kernels: { onChoice: (choice) => choices.push(choice) } })
    return choices
  }

  it('falls on this kernel by default', () => {
    expect(choiceFor(256)).toEqual([{ op: 'swatAttention', kernel: 'wasm', refused: [] }])
  })

  it('falls on the composite for larger heads, with the reason', () => {
    const refused = [{ kernel: 'wasm', reason: 'headDim 257 is above its largest, 256' }]
    expect(choiceFor(257)).toEqual([{ op: 'swatAttention', kernel: 'composite', refused }])
  })
})

it.each(['sigmoid', 'softmax'] as const)('gives the same bits with any number of threads: %s', async (activation) => {
  const [batch, length, heads, kvHeads, headDim] = [3, 150, 6, 3, 20]
  const results: unknown[] = []
  for (const threads of [1, 2, 3]) {
    await useEngine({ backend: 'wasm', threads })
    const given = [
      ...[normal(1, batch, length, heads, headDim), normal(2, batch, length, kvHeads, headDim)],
      ...[normal(3, batch, length, kvHeads, headDim), tf.linspace(-0.5, 0.5, heads), tf.linspace(0, 1, heads)],
      tf.reshape(tf.linspace(-1, 1, heads * 30), [heads, 30]),
    ]
    const run = (...[q, k, v, slopes, bias, distanceTable]: tf.Tensor[]) =>
      swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, {
        ...{ window: 50, sinks: 2, activation, kernels },
        ...{ slopes: slopes as tf.Tensor1D, distanceTable: distanceTable as tf.Tensor2D },
        ...(activation === 'sigmoid' ? { bias: bias as tf.Tensor1D } : { sinkLogits: bias as tf.Tensor1D }),
      })
    const gradients = tf.grads(run)(given, normal(4, batch, length, heads, headDim))
    results.push([run(...given), ...gradients].map((tensor) => tensor.dataSync()))
  }
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toEqual(results[0])
})

it.each([1, 2, 3, 5, 31, 100, 255, 256])('agrees with the reference for head size %i', async (headDim) => {
  await checkSwatAttentionCase(
    { ...swatAttentionCases[0], queries: 70, keys: 70, window: 33, headDim },
    {
      backend: 'wasm',
      ...kernels,
    },
  )
})

it('takes integers', () => {
  const x = tf.tensor4d([1, 2, -1, 0], [1, 2, 1, 2], 'int32')
  const asFloats = tf.cast(x, 'float32') as tf.Tensor4D
  const options = { window: 2, kernels }
  expectClose(swatAttention(x, x, x, options), swatAttention(asFloats, asFloats, asFloats, options), { relative: 0 })
})

it('gives its working memory back, which the length does not enlarge', () => {
  const pass = (length: number) => {
    const x = normal(1, 1, length, 1, 64)
    tf.dispose([x, swatAttention(x, x, x, { window: 16, kernels })])
  }
  pass(8192)
  const bytes = heapMemory().buffer.byteLength
  for (let i = 0; i < 200; i++) pass(128)
  pass(8192)
  expect(heapMemory().buffer.byteLength).toBe(bytes)
  expect(attentionModule.exports().scratchBytes(64)).toBeLessThan(220_000)
})
