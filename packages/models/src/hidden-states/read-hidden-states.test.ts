import { createRandom, disposeParameters, linear, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { blockSettings } from '../swat-transformer/block-settings.js'
import { swatBlock } from '../swat-transformer/block.js'
import { resolveConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { swatHiddenStates, swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import { embedTokens } from './embed-tokens.js'
import { readHiddenStates, type HiddenStatesOptions } from './read-hidden-states.js'

const config = resolveConfig({
  ...{ vocabSize: 23, hiddenSize: 16, layers: 3, heads: 2, intermediateSize: 24 },
  ...{ window: 6, initStd: 0.3, rope: null },
})
const text = Array.from({ length: 30 }, (_, i) => (i * i) % 23)

describe.each(engines)('hidden states on $name', ({ backend, kernels }) => {
  let parameters: SwatParameters
  let empty: { numTensors: number; numBytes: number }

  beforeEach(async () => {
    await useEngine({ backend })
    empty = tf.memory()
    parameters = initializeParameters(config, createRandom(1))
  })

  afterEach(() => {
    disposeParameters(parameters)
    expect(tf.memory()).toMatchObject({ numTensors: empty.numTensors, numBytes: empty.numBytes })
  })

  async function read(options: HiddenStatesOptions) {
    const [hidden, starts]: number[][] = [[], []]
    const blocks = Array.from({ length: config.layers + 1 }, (): number[] => [])
    for await (const chunk of readHiddenStates(parameters, config, text, { kernels, ...options })) {
      expect(chunk.hidden).toHaveLength(16 * chunk.length)
      starts.push(chunk.start)
      hidden.push(...chunk.hidden)
      chunk.everyBlock?.forEach((state, i) => blocks[i].push(...state))
    }
    return { hidden, starts, blocks }
  }

  it('are those of one whole pass, whatever the chunk, and give its logits', async () => {
    const whole = tf.tidy(() => {
      const input = tf.tensor2d([text], undefined, 'int32')
      const logits = swatTransformer(parameters, config, input, { kernels }).logits.dataSync()
      const { hidden, everyBlock } = swatHiddenStates(parameters, config, input, { kernels, everyBlock: true })
      return { logits, hidden: hidden.dataSync(), blocks: everyBlock?.map((state) => state.dataSync()) }
    })
    expect(whole.blocks).toHaveLength(4)
    for (const chunk of [1, 7, 30, 256]) {
      const { hidden, starts, blocks } = await read({ chunk, everyBlock: true })
      expect(starts).toEqual(Array.from({ length: Math.ceil(30 / chunk) }, (_, i) => i * chunk))
      expectClose(hidden, whole.hidden, { relative: 2e-5, name: `chunks of ${chunk}` })
      blocks.forEach((state, i) => expectClose(state, whole.blocks?.[i] ?? [], { relative: 2e-5, name: `state ${i}` }))
    }
    const logits = tf.tidy(() => {
      const hidden = tf.tensor2d(Float32Array.from(whole.hidden), [30, 16])
      return linear(hidden, (parameters.lm_head ?? parameters.model.embeddings).weight, { kernels }).dataSync()
    })
    expectClose(logits, whole.logits, { relative: 2e-5, name: 'logits' })
  })

  it('each state is what its block makes of the one before; the first is the embedding', async () => {
    const { blocks } = await read({ everyBlock: true })
    const table = parameters.model.embeddings.weight.dataSync()
    expect(blocks[0]).toEqual(text.flatMap((token) => [...table.subarray(16 * token, 16 * token + 16)]))
    parameters.model.layers.forEach((layer, i) => {
      const next = tf.tidy(() => {
        const x = tf.tensor3d(blocks[i], [1, 30, 16])
        return swatBlock(x, layer, blockSettings(config), { rotary: null, kernels }).output.dataSync()
      })
      expectClose(blocks[i + 1], next, { relative: 2e-5, name: `after block ${i}` })
    })
  })

  it('are pooled to one vector', async () => {
    const { hidden } = await read({})
    const mean = Array.from({ length: 16 }, (_, d) => text.reduce((sum, _, i) => sum + hidden[16 * i + d], 0) / 30)
    expectClose(await embedTokens(parameters, config, text, { kernels, chunk: 7 }), mean, {
      relative: 2e-5,
      name: 'mean',
    })
    const last = await embedTokens(parameters, config, text, { kernels, pooling: 'last' })
    expect([...last]).toEqual(hidden.slice(-16))
  })

  it('nothing is left behind when the reader leaves, or when there is nothing to read', async () => {
    const before = tf.memory().numTensors
    for await (const { length } of readHiddenStates(parameters, config, text, { kernels, chunk: 4 })) {
      expect(length).toBe(4)
      break
    }
    expect(await readHiddenStates(parameters, config, [], { kernels }).next()).toEqual({ done: true, value: undefined })
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each([
    [{ chunk: 0 }, text, 'chunk must be a positive integer, but is 0'],
    [{ pooling: 'max' as 'mean' }, text, "pooling must be 'mean' or 'last', but is 'max'"],
    [{}, [], 'the text must have a token at least'],
    [{}, [1, 99], 'is 99'],
  ])('refuses %j of %j', async (options, ids, message) => {
    await expect(embedTokens(parameters, config, ids, { kernels, ...options })).rejects.toThrow(message)
  })
})
