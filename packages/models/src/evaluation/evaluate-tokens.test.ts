import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { resolveConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import { evaluateTokens, type EvaluationOptions } from './evaluate-tokens.js'

const config = resolveConfig({
  vocabSize: 19,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 24,
  window: 5,
  initStd: 0.3,
})
const tokens = Int32Array.from({ length: 70 }, (_, i) => (i * i + 3 * i) % 19)

describe.each(engines)('evaluateTokens on $name', ({ backend, kernels }) => {
  let parameters: SwatParameters
  let empty: { numTensors: number; numBytes: number }

  beforeEach(async () => {
    await useEngine({ backend })
    empty = tf.memory()
    parameters = initializeParameters(config, createRandom(3))
  })

  afterEach(() => {
    disposeParameters(parameters)
    expect(tf.memory()).toMatchObject({ numTensors: empty.numTensors, numBytes: empty.numBytes })
  })

  /** Nats of every token but the first, from one forward pass over the whole text, in double precision. */
  function natsOfEach(text = tokens): number[] {
    const logits = tf.tidy(() => {
      const input = tf.tensor2d(text, [1, text.length], 'int32')
      return swatTransformer(parameters, config, input, { kernels }).logits.dataSync()
    })
    return Array.from(text.subarray(1), (label, i) => {
      const row = Array.from(logits.subarray(19 * i, 19 * i + 19))
      const largest = Math.max(...row)
      return largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) - row[label]
    })
  }

  it.each<EvaluationOptions>([{}, { chunk: 1 }, { chunk: 7 }, { chunk: 69 }, { chunk: 70 }])(
    'scores every token but the first once, with %j',
    async (options) => {
      const expected = natsOfEach().reduce((a, b) => a + b)
      const result = await evaluateTokens(parameters, config, tokens, { ...options, kernels })
      expect(result.tokens).toBe(69)
      expectClose([result.totalNats, result.loss], [expected, expected / 69], { relative: 2e-6 })
    },
  )

  it.each<EvaluationOptions>([
    { pieceLength: 1 },
    { pieceLength: 6 },
    { pieceLength: 23 }, // three pieces exactly
    { pieceLength: 6, chunk: 4 },
    { pieceLength: 6, chunk: 13 },
    { pieceLength: 100 },
  ])('scores each piece by itself, with %j', async (options) => {
    const { pieceLength = 0 } = options
    const starts = Array.from({ length: Math.ceil(69 / pieceLength) }, (_, i) => i * pieceLength)
    const nats = starts.flatMap((start) => natsOfEach(tokens.subarray(start, start + pieceLength + 1)))
    expect(nats).toHaveLength(69)
    const seen: number[] = []
    const onProgress = (scored: number) => void seen.push(scored)
    const result = await evaluateTokens(parameters, config, tokens, { ...options, kernels, onProgress })
    expectClose([result.totalNats], [nats.reduce((a, b) => a + b)], { relative: 2e-6 })
    expect(seen.at(-1)).toBe(69)
  })

  it('scores the first tokens only, if asked', async () => {
    const expected = natsOfEach()
      .slice(0, 20)
      .reduce((a, b) => a + b)
    const seen: [number, number][] = []
    const result = await evaluateTokens(parameters, config, Array.from(tokens), {
      chunk: 8,
      limit: 20,
      kernels,
      onProgress: (scored, total) => seen.push([scored, total]),
    })
    expect(result.tokens).toBe(20)
    expectClose([result.totalNats], [expected], { relative: 2e-6 })
    expect(seen).toEqual([
      [8, 20],
      [16, 20],
      [20, 20],
    ])
    expect((await evaluateTokens(parameters, config, tokens, { limit: 1e9, kernels })).tokens).toBe(69)
  })

  it.each<[string, number[], EvaluationOptions, RegExp]>([
    ['nothing to score', [5], {}, /one token must be scored at least, but there are 1 tokens/],
    ['no tokens', [], {}, /there are 0 tokens/],
    ['a limit of 0', [1, 2], { limit: 0 }, /limit 0/],
    ['pieces of nothing', [1, 2], { pieceLength: 0 }, /pieceLength must be a positive integer, but is 0/],
    ['chunks of nothing', [1, 2], { chunk: 0 }, /chunk must be a positive integer, but is 0/],
    ['an input beyond the vocabulary', [1, 19, 2], {}, /id number 1 is 19/],
    ['a last token beyond the vocabulary', [1, 19], {}, /label number 0 is 19/],
  ])('refuses %s and leaks nothing', async (_, ids, options, message) => {
    await expect(evaluateTokens(parameters, config, ids, { ...options, kernels })).rejects.toThrow(message)
  })
})
