import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { resolveConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import type { GeneratedToken } from './decode-sequences.js'
import { generateBatch } from './generate-batch.js'
import { generateTokens } from './generate-tokens.js'
import type { BatchGenerationOptions } from './generation-options.js'
import { tokenLogProbabilities } from './token-log-probabilities.js'

const config = resolveConfig({
  ...{ vocabSize: 23, hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 24 },
  ...{ window: 6, initStd: 0.3 },
})
const prompts = [30, 1, 5, 17].map((length, b) => Array.from({ length }, (_, i) => (i * i + b) % 23))

describe.each(engines)('generateBatch on $name', ({ backend, kernels }) => {
  const rounding = kernels.use === 'cpu' ? 0 : 2e-6 // the reference computes each row by itself

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

  /** What each sequence becomes. */
  async function generate(prompts: number[][], options: BatchGenerationOptions): Promise<GeneratedToken[][]> {
    const texts = prompts.map((): GeneratedToken[] => [])
    const ended = prompts.map(() => false)
    for await (const step of generateBatch(parameters, config, prompts, { kernels, ...options })) {
      expect(step).toHaveLength(prompts.length)
      step.forEach((drawn, i) => {
        if (drawn === null) ended[i] = true
        else {
          expect(ended[i]).toBe(false)
          texts[i].push(drawn)
        }
      })
    }
    return texts
  }
  const ids = (texts: GeneratedToken[][]) => texts.map((text) => text.map(({ token }) => token))

  it.each([1, 7, 256])('gives each prompt what it gets alone, read %i at once', async (prefillChunk) => {
    const options = { maxNewTokens: 20, prefillChunk, temperature: 0.9, topP: 0.9, repetitionPenalty: 1.2 }
    const together = await generate(prompts, { ...options, seed: 5, logProbabilities: 3 })
    let worst = 0
    for (const [i, prompt] of prompts.entries()) {
      const [alone] = await generate([prompt], { ...options, seed: 5 + i, logProbabilities: 3 })
      expect(ids([together[i]])).toEqual(ids([alone]))
      alone.forEach(({ logProbability, likeliest }, n) => {
        const other = together[i][n]
        expect(likeliest.map(({ token }) => token)).toEqual(other.likeliest.map(({ token }) => token))
        worst = Math.max(worst, Math.abs((logProbability as number) - (other.logProbability as number)))
      })
      const tokens: number[] = []
      const random = createRandom(5 + i)
      for await (const token of generateTokens(parameters, config, prompt, { kernels, ...options, random })) {
        tokens.push(token)
      }
      expect(ids([alone])).toEqual([tokens])
    }
    expect(worst).toBeLessThanOrEqual(rounding)
  })

  it('ends each sequence on its own', async () => {
    const free = ids(await generate(prompts, { maxNewTokens: 20, seed: 9 }))
    const stop = free[1][4]
    const stopped = ids(await generate(prompts, { maxNewTokens: 20, seed: 9, stopTokens: [stop] }))
    expect(stopped).toEqual(free.map((text) => (text.includes(stop) ? text.slice(0, text.indexOf(stop)) : text)))
    expect(new Set(stopped.map(({ length }) => length)).size).toBeGreaterThan(1)

    const counts = prompts.map(() => 0)
    const isStopped = (sequence: number) => ++counts[sequence] === 2 * sequence + 1
    const asked = ids(await generate(prompts, { maxNewTokens: 20, seed: 9, isStopped }))
    expect(asked).toEqual(free.map((text, sequence) => text.slice(0, 2 * sequence + 1)))
  })

  it("tells the model's own log-probabilities, whatever the sampling", async () => {
    const options = { maxNewTokens: 6, seed: 1, temperature: 3, topK: 4, repetitionPenalty: 2 }
    const [text] = await generate([prompts[2]], { ...options, logProbabilities: 2 })
    text.forEach(({ token, logProbability, likeliest }, n) => {
      const before = [...prompts[2], ...text.slice(0, n).map((drawn) => drawn.token)]
      const logits = tf.tidy(() => {
        const input = tf.tensor2d([before], undefined, 'int32')
        return swatTransformer(parameters, config, input, { kernels }).logits.dataSync().slice(-config.vocabSize)
      })
      const expected = tokenLogProbabilities(logits, token, 2)
      expect(logProbability).toBeCloseTo(expected.logProbability, 4)
      expect(likeliest.map((other) => other.token)).toEqual(expected.likeliest.map((other) => other.token))
    })
    const [told] = await generate([prompts[2]], { ...options, logProbabilities: 0 })
    expect(told.map(({ logProbability }) => logProbability)).toEqual(text.map(({ logProbability }) => logProbability))
    expect(told[0].likeliest).toEqual([])
    const [untold] = await generate([prompts[2]], options)
    expect(untold[0]).toEqual({ token: text[0].token, logProbability: null, likeliest: [] })
  })

  it('goes on without an end, and frees its cache when the consumer leaves', async () => {
    let steps = 0
    const before = tf.memory()
    for await (const step of generateBatch(parameters, config, prompts, { kernels, maxNewTokens: Infinity, seed: 1 })) {
      expect(step.every((drawn) => drawn !== null)).toBe(true)
      if (++steps === 30) break
    }
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
  })

  it.each<[string, number[][], Partial<BatchGenerationOptions>, RegExp, string]>([
    ['no prompt', [], {}, /there must be a prompt at least/, 'generation'],
    ['an empty prompt', [[1], []], {}, /prompt 1 must have a token at least/, 'generation'],
    ['a token beyond the vocabulary', [[1], [2, 23]], {}, /is 23/, 'token-id'],
    [
      'a stop token beyond it',
      [[1]],
      { stopTokens: [23] },
      /stopTokens must be ids from 0 to 22, but one is 23/,
      'generation',
    ],
    [
      'half a log-probability',
      [[1]],
      { logProbabilities: 0.5 },
      /logProbabilities must be an integer ≥ 0/,
      'generation',
    ],
    ['no seed', [[1]], { temperature: 1 }, /generateBatch: seed is missing/, 'sampling'],
    ['half a seed', [[1]], { temperature: 1, seed: 0.5 }, /seed must be a whole number/, 'random'],
  ])('refuses %s and leaks nothing', async (_, prompts, options, message, code) => {
    const result = generate(prompts, { maxNewTokens: 3, temperature: 0, ...options })
    await expect(result).rejects.toThrow(message)
    await expect(result).rejects.toMatchObject({ code })
  })
})
