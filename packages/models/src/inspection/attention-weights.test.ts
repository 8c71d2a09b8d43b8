import { createRandom, disposeParameters, linear, mapParameters, rmsNorm, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { smallConfigs, smallTexts } from '../../test/fixtures/small-configs.js'
import { layerWindows } from '../config/layer-windows.js'
import { resolveConfig, type SwatConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'
import { attentionWeights, type AttentionWeights } from './attention-weights.js'
import { readAttentionWeights } from './read-attention-weights.js'

const text = Array.from({ length: 40 }, (_, i) => (i * i + (i >> 1)) % 7)

/** Fresh parameters, all of them away from where they begin, and feed-forward layers that add nothing. */
function parametersOf(config: SwatConfig): SwatParameters {
  const random = createRandom(5)
  return tf.tidy(() => {
    const moved = mapParameters(initializeParameters(config, createRandom(1)), (parameter, name) => {
      if (name.includes('down_proj')) return tf.keep(tf.zerosLike(parameter))
      const noise = Float32Array.from({ length: parameter.size }, () => 0.3 * random.normal())
      return tf.keep(tf.add(parameter, tf.tensor(noise, parameter.shape)))
    })
    return moved as SwatParameters
  })
}

/** What a block adds to its input `[length, hidden]`: its weights, times values, through the rest of the branch. */
function branchOf(weights: AttentionWeights, parameters: SwatParameters, config: SwatConfig, x: tf.Tensor2D) {
  const { heads, kvHeads, headDim, normEpsilon } = config
  const { attn, attn_norm, attn_out_norm, attn_layer_scale } = parameters.model.layers[weights.layer]
  const { weight, bias } = attn.v_proj
  const projected = linear(rmsNorm(x, attn_norm.weight, { epsilon: normEpsilon }), weight)
  const values = (bias ? tf.add(projected, bias) : projected).dataSync()
  const length = x.shape[0]
  const attended = new Float32Array(length * heads * headDim)
  for (let head = 0; head < heads; head++) {
    const keyHead = Math.floor((head * kvHeads) / heads)
    for (let query = 0; query < length; query++) {
      for (let d = 0; d < headDim; d++) {
        let sum = 0
        for (let column = 0; column < weights.columns; column++) {
          const position = weights.positions[query * weights.columns + column]
          if (position < 0) continue
          const p = weights.weights[(head * length + query) * weights.columns + column]
          sum += p * values[(position * kvHeads + keyHead) * headDim + d]
        }
        attended[(query * heads + head) * headDim + d] = sum
      }
    }
  }
  const output = linear(tf.tensor2d(attended, [length, heads * headDim]), attn.o_proj.weight)
  const normed = attn_out_norm ? rmsNorm(output, attn_out_norm.weight, { epsilon: normEpsilon }) : output
  return attn_layer_scale ? tf.mul(normed, attn_layer_scale.weight) : normed
}

describe.each(engines)('attentionWeights on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('times values, they are what the model computes: random models of every kind', async () => {
    await fc.assert(
      fc.asyncProperty(smallConfigs(), smallTexts({ minLength: 1, maxLength: 14 }), async (config, ids) => {
        const parameters = parametersOf(config)
        for (let layer = 0; layer < config.layers; layer++) {
          const weights = await attentionWeights(parameters, config, ids, { layer, kernels })
          tf.tidy(() => {
            const input = tf.tensor2d([ids], undefined, 'int32')
            const states = swatHiddenStates(parameters, config, input, { kernels, everyBlock: true }).everyBlock ?? []
            const [x, next] = states.slice(layer, layer + 2).map((state) => tf.squeeze(state, [0]) as tf.Tensor2D)
            const expected = tf.add(x, branchOf(weights, parameters, config, x))
            expectClose(next, expected, { relative: 2e-6, name: `layer ${layer}` })
          })
        }
        disposeParameters(parameters)
      }),
      { numRuns: 60, seed: 2 },
    )
  })

  it('are the same in chunks of any size, and for any stretch', async () => {
    await fc.assert(
      fc.asyncProperty(
        smallConfigs(),
        fc.integer({ min: 1, max: 9 }),
        fc.tuple(fc.nat(39), fc.integer({ min: 1, max: 40 })).map(([from, more]) => [from, Math.min(40, from + more)]),
        async (config, chunk, [from, to]) => {
          const parameters = parametersOf(config)
          const layer = config.layers - 1
          const whole = await attentionWeights(parameters, config, text, { layer, kernels })
          const part = await attentionWeights(parameters, config, text, { layer, from, to, chunk, kernels })
          const window = layerWindows(config)[layer]
          expect(part.columns).toBe(part.sinks + Math.min(window ?? to, to))
          expect(part).toMatchObject({ start: from, queries: to - from, heads: config.heads, window })
          const [expected, found] = [matrix(whole), matrix(part)]
          for (let head = 0; head < config.heads; head++) {
            for (let query = from; query < to; query++) {
              const row = found[head][query - from]
              expect([...row.keys()].sort((a, b) => a - b)).toEqual(
                [...expected[head][query].keys()].sort((a, b) => a - b),
              )
              for (const [key, p] of expected[head][query]) expect(row.get(key)).toBeCloseTo(p, 5)
            }
          }
          disposeParameters(parameters)
        },
      ),
      { numRuns: 25, seed: 3 },
    )
  })
})

/** For each head and query the weight of each key. */
function matrix({ heads, queries, columns, positions, weights }: AttentionWeights): Map<number, number>[][] {
  return Array.from({ length: heads }, (_, head) =>
    Array.from({ length: queries }, (_, query) => {
      const row = new Map<number, number>()
      for (let column = 0; column < columns; column++) {
        const position = positions[query * columns + column]
        if (position >= 0) row.set(position, weights[(head * queries + query) * columns + column])
      }
      return row
    }),
  )
}

describe('readAttentionWeights', () => {
  const config = resolveConfig({
    ...{ vocabSize: 7, hiddenSize: 8, layers: 3, heads: 2, intermediateSize: 5, initStd: 0.3 },
    window: [3, null, 5],
  })

  it('sees exactly the keys of the window, sinks beside it, the query itself last', async () => {
    await useEngine({ backend: 'cpu' })
    const withSinks = resolveConfig({ ...config, sinks: 2, slopes: 'none', activation: 'softmax' })
    const parameters = parametersOf(withSinks)
    const { positions, columns } = await attentionWeights(parameters, withSinks, text, { layer: 0, from: 0, to: 7 })
    expect(columns).toBe(5)
    const rows = Array.from({ length: 7 }, (_, i) => [...positions.subarray(columns * i, columns * (i + 1))])
    expect(rows).toEqual([
      [-1, -1, -1, -1, 0],
      [-1, -1, -1, 0, 1],
      [-1, -1, 0, 1, 2],
      [0, -1, 1, 2, 3],
      [0, 1, 2, 3, 4],
      [0, 1, 3, 4, 5],
      [0, 1, 4, 5, 6],
    ])
    disposeParameters(parameters)
  })

  it('gives all layers in one stream and leaves nothing behind, also when its reader leaves', async () => {
    await useEngine({ backend: 'cpu' })
    const parameters = parametersOf(config)
    const before = tf.memory().numTensors
    for await (const layers of readAttentionWeights(parameters, config, text, { chunk: 10 })) {
      expect(layers.map(({ layer, columns, queries }) => [layer, columns, queries])).toEqual([
        [0, 3, 10],
        [1, 10, 10],
        [2, 5, 10],
      ])
      break
    }
    expect(tf.memory().numTensors).toBe(before)
    disposeParameters(parameters)
  })

  it('follows a dynamic scaling for a text of this length', async () => {
    await useEngine({ backend: 'cpu' })
    const scaling = { type: 'dynamic-ntk', factor: 2, originalLength: 8 } as const
    const dynamic = resolveConfig({ ...config, window: null, rope: { base: 100, scaling } })
    const parameters = parametersOf(dynamic)
    const weights = await attentionWeights(parameters, dynamic, text, { layer: 0, chunk: 7 })
    tf.tidy(() => {
      const input = tf.tensor2d([text], undefined, 'int32')
      const states = swatHiddenStates(parameters, dynamic, input, { everyBlock: true }).everyBlock ?? []
      const [x, next] = states.map((state) => tf.squeeze(state, [0]) as tf.Tensor2D)
      expectClose(next, tf.add(x, branchOf(weights, parameters, dynamic, x)), { relative: 2e-6, name: 'state' })
    })
    disposeParameters(parameters)
  })

  it.each([
    [{ layer: 3 }, 'a layer must be a whole number from 0 to 2, but is 3'],
    [{ layer: 0, from: 5, to: 4 }, 'from 0 to 40 and in this order, but are 5 and 4'],
    [{ layer: 0, to: 41 }, 'but are 0 and 41'],
    [{ layer: 0, from: 4, to: 4 }, 'the stretch must have a query, but is from 4 to 4'],
    [{ layer: 0, chunk: 0 }, 'chunk must be a positive integer, but is 0'],
  ])('refuses %j', async (options, message) => {
    const parameters = parametersOf(config)
    await expect(attentionWeights(parameters, config, text, options)).rejects.toThrow(message)
    disposeParameters(parameters)
  })
  it('refuses a recurrence, which has none', async () => {
    const recurrence = resolveConfig({
      ...{ vocabSize: 7, hiddenSize: 8, layers: 2, heads: 2, intermediateSize: 5, mixer: 'gated-deltanet' },
      ...{ window: null, slopes: 'none', rope: null },
    })
    const parameters = initializeParameters(recurrence, createRandom(1))
    const message =
      'attentionWeights: the model must have attention, but its mixer is gated-deltanet. A recurrence has no attention'
    await expect(attentionWeights(parameters, recurrence, text, { layer: 0 })).rejects.toThrow(message)
    await expect(readAttentionWeights(parameters, recurrence, text).next()).rejects.toThrow(message)
    disposeParameters(parameters)
  })
})
