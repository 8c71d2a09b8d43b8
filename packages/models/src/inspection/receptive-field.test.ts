import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { smallConfigs } from '../../test/fixtures/small-configs.js'
import { layerWindows } from '../config/layer-windows.js'
import { resolveConfig, type SwatConfigInput } from '../config/swat-config.js'
import { evaluateTokens } from '../evaluation/evaluate-tokens.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { embeddingGradients } from './embedding-gradients.js'
import { lossByContext } from './loss-by-context.js'
import { tokenReach } from './token-reach.js'

const sizes = { vocabSize: 7, hiddenSize: 8, layers: 3, heads: 2, intermediateSize: 12, initStd: 0.4 }
const text = Array.from({ length: 40 }, (_, i) => (i * i + (i >> 1)) % 7)
const modelOf = (given: Partial<SwatConfigInput> = {}) => {
  const config = resolveConfig({ ...sizes, window: 3, ...given })
  return { config, parameters: initializeParameters(config, createRandom(1)) }
}

describe.each(engines)('the receptive field on $name', ({ backend, kernels }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('by perturbation is 1 + Σ (window − 1), for random models of every kind and chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(smallConfigs(), fc.integer({ min: 1, max: 30 }), async (drawn, chunk) => {
        // Strong slopes would make the furthest changes smaller than the last digit.
        const slopes = Array.from({ length: drawn.heads }, () => 0.01)
        const config = resolveConfig({ ...drawn, ...(drawn.slopes !== 'none' && { slopes }) })
        const parameters = initializeParameters(config, createRandom(3))
        const { reach, place, changes } = await tokenReach(parameters, config, text.slice(0, 26), { chunk, kernels })
        const expected = layerWindows(config).reduce<number>((sum, window) => sum + (window ?? Infinity) - 1, 1)
        expect(place).toBe(config.sinks)
        expect(reach).toBe(Math.min(expected, 26 - place))
        expect(changes).toHaveLength(26 - place)
        disposeParameters(parameters)
      }),
      { numRuns: 15, seed: 1 },
    )
  })

  it('by gradient: norms are those of finite differences, 0 beyond the field', async () => {
    const { config, parameters } = modelOf({ tied: false, vocabSize: 40 })
    const words = Array.from({ length: 40 }, (_, i) => (i * 7) % 40) // each comes once: its embedding is that place's
    const [place, length] = [20, 10]
    const norms = await embeddingGradients(parameters, config, words, { length, places: [place], kernels })
    expect([...norms].map((norm) => norm > 0)).toEqual(Array.from({ length }, (_, distance) => distance < 7))

    const table = [...parameters.model.embeddings.weight.dataSync()]
    const lossWith = async (index: number, step: number) => {
      const weight = tf.tensor2d(table.with(index, table[index] + step), [40, 8])
      const moved = { ...parameters, model: { ...parameters.model, embeddings: { weight } } }
      const [loss] = await lossByContext(moved, config, words, { contexts: [length], places: [place], kernels })
      weight.dispose()
      return loss
    }
    const step = 4e-3
    for (const distance of [0, 2, 5]) {
      let squares = 0
      for (let d = 0; d < 8; d++) {
        const index = 8 * words[place - distance] + d
        squares += (((await lossWith(index, step)) - (await lossWith(index, -step))) / (2 * step)) ** 2
      }
      expectClose([norms[distance]], [Math.sqrt(squares)], { relative: 5e-3, name: `distance ${distance}` })
    }
    disposeParameters(parameters)
  })

  it('by gradient is a mean over places, whatever the batch', async () => {
    const { config, parameters } = modelOf()
    const places = [9, 17, 30, 38, 12]
    const single: Float64Array[] = []
    for (const place of places) {
      single.push(await embeddingGradients(parameters, config, text, { length: 8, places: [place], kernels }))
    }
    const mean = single[0].map((_, distance) => single.reduce((sum, norms) => sum + norms[distance], 0) / 5)
    for (const batchSize of [1, 2, 5, 9]) {
      const norms = await embeddingGradients(parameters, config, text, { length: 8, places, batchSize, kernels })
      expectClose(norms, mean, { relative: 1e-5, name: `batches of ${batchSize}` })
    }
    disposeParameters(parameters)
  })

  it('by loss: what the whole text gives once the context covers the field, and what a short one gives before', async () => {
    const { config, parameters } = modelOf()
    const places = [12, 20, 38]
    const losses = await lossByContext(parameters, config, text, { contexts: [1, 4, 7, 13], places, kernels })
    const nats = async (ids: number[]) => {
      const { totalNats } = await evaluateTokens(parameters, config, ids, { kernels })
      const { totalNats: before } = await evaluateTokens(parameters, config, ids.slice(0, -1), { kernels })
      return totalNats - before
    }
    const whole = await Promise.all(places.map((place) => nats(text.slice(0, place + 2))))
    const mean = whole.reduce((sum, loss) => sum + loss) / 3
    expect(losses[2]).toBeCloseTo(mean, 4)
    expect(losses[3]).toBeCloseTo(mean, 4)
    expect(Math.abs(losses[1] - mean)).toBeGreaterThan(1e-3)
    const short = await Promise.all(places.map((place) => nats(text.slice(place - 3, place + 2))))
    expect(losses[1]).toBeCloseTo(short.reduce((sum, loss) => sum + loss) / 3, 4)
    disposeParameters(parameters)
  })

  it('leaves nothing behind', async () => {
    const { config, parameters } = modelOf()
    await expectNoLeak(async () => {
      await embeddingGradients(parameters, config, text, { length: 8, places: [9], kernels })
      await lossByContext(parameters, config, text, { contexts: [3], places: [9], kernels })
      await tokenReach(parameters, config, text, { kernels })
    })
    disposeParameters(parameters)
  })
})

describe('what is refused', () => {
  it.each([
    [{ length: 8, places: [6] }, 'from 7 to 38, but is 6'],
    [{ length: 8, places: [39] }, 'from 7 to 38, but is 39'],
    [{ length: 8, places: [] }, 'places must name one at least'],
    [{ length: 0, places: [3] }, 'length must be a positive integer, but is 0'],
  ])('of embeddingGradients: %j', async (options, message) => {
    const { config, parameters } = modelOf()
    await expect(embeddingGradients(parameters, config, text, options)).rejects.toThrow(message)
    disposeParameters(parameters)
  })

  it.each([
    [{ contexts: [2, 9], places: [7] }, 'from 8 to 38, but is 7'],
    [{ contexts: [0], places: [7] }, 'must be positive integers, but one is 0'],
    [{ contexts: [], places: [7] }, 'must name one at least'],
  ])('of lossByContext: %j', async (options, message) => {
    const { config, parameters } = modelOf()
    await expect(lossByContext(parameters, config, text, options)).rejects.toThrow(message)
    disposeParameters(parameters)
  })

  it('of tokenReach: a place outside the text', async () => {
    const { config, parameters } = modelOf()
    await expect(tokenReach(parameters, config, text, { place: 40 })).rejects.toThrow('from 0 to 39, but is 40')
    disposeParameters(parameters)
  })
})
