import { createRandom, disposeParameters, SwatError, tf, useEngine } from '@swat-js/tensor-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../test/fixtures/engines.js'
import { resolveConfig } from '../config/swat-config.js'
import { initializeParameters } from '../parameters/initialize-parameters.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import { generateTokens } from './generate-tokens.js'
import type { GenerationOptions } from './generation-options.js'
import { sampleToken } from './sample-token.js'

const config = resolveConfig({
  vocabSize: 23,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 24,
  window: 6,
  initStd: 0.3,
})
const prompt = Array.from({ length: 30 }, (_, i) => (i * i) % 23)

describe.each(engines)('generateTokens on $name', ({ backend, kernels }) => {
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

  async function generate(ids: ArrayLike<number>, options: GenerationOptions): Promise<number[]> {
    const tokens: number[] = []
    for await (const token of generateTokens(parameters, config, ids, { kernels, ...options })) tokens.push(token)
    return tokens
  }

  /** The same text by full forward passes, without any cache. */
  function withoutCache(ids: number[], options: GenerationOptions): number[] {
    const text = [...ids]
    for (let i = 0; i < options.maxNewTokens; i++) {
      const logits = tf.tidy(() => {
        const input = tf.tensor2d([text], undefined, 'int32')
        return swatTransformer(parameters, config, input, { kernels }).logits.dataSync().slice(-config.vocabSize)
      })
      text.push(sampleToken(logits, options))
    }
    return text.slice(ids.length)
  }

  it('continues as full forward passes would: greedy, prompts shorter and longer than the window', async () => {
    for (const length of [1, 5, 6, 30]) {
      const options = { maxNewTokens: 12, temperature: 0 }
      const expected = withoutCache(prompt.slice(0, length), options)
      for (const prefillChunk of [1, 7, 256]) {
        expect(await generate(prompt.slice(0, length), { ...options, prefillChunk })).toEqual(expected)
      }
    }
  })

  it('continues as full forward passes would: drawn, from the top 5 at temperature 0.8', async () => {
    const options = () => ({ maxNewTokens: 25, temperature: 0.8, topK: 5, random: createRandom(9) })
    expect(await generate(prompt, options())).toEqual(withoutCache(prompt, options()))
  })

  it('the seed decides', async () => {
    const draw = (seed: number) => generate([1, 2], { maxNewTokens: 30, random: createRandom(seed) })
    expect(await draw(1)).toEqual(await draw(1))
    expect(await draw(1)).not.toEqual(await draw(2))
  })

  it('stops before a stop token', async () => {
    const whole = await generate(prompt, { maxNewTokens: 20, random: createRandom(4) })
    const stop = whole[7]
    const expected = whole.slice(0, whole.indexOf(stop))
    const stopped = await generate(prompt, { maxNewTokens: 20, random: createRandom(4), stopTokens: [stop] })
    expect(stopped).toEqual(expected)
  })

  it('frees its cache when the consumer stops early', async () => {
    const before = tf.memory()
    const options = { maxNewTokens: 50, temperature: 0, kernels }
    for await (const token of generateTokens(parameters, config, prompt, options)) {
      expect(token).toBeLessThan(23)
      expect(tf.memory().numTensors).toBeGreaterThan(before.numTensors)
      break
    }
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
  })

  it('yields nothing when nothing is asked for', async () => {
    expect(await generate(prompt, { maxNewTokens: 0, temperature: 0 })).toEqual([])
  })

  it.each<[string, number[], Partial<GenerationOptions>, RegExp, string]>([
    ['an empty prompt', [], {}, /the prompt must have a token at least/, 'generation'],
    ['a token beyond the vocabulary', [1, 23], {}, /id number 1 is 23/, 'token-id'],
    ['half a token', [1], { maxNewTokens: 0.5 }, /maxNewTokens must be an integer ≥ 0, but is 0\.5/, 'generation'],
    ['chunks of nothing', [1], { prefillChunk: 0 }, /prefillChunk must be an integer ≥ 1/, 'generation'],
    ['drawing without randomness', [1], { temperature: 1 }, /generateTokens: random is missing/, 'sampling'],
  ])('refuses %s and leaks nothing', async (_, ids, options, message, code) => {
    const result = generate(ids, { maxNewTokens: 3, temperature: 0, ...options })
    await expect(result).rejects.toThrow(message)
    await expect(result).rejects.toBeInstanceOf(SwatError)
    await expect(result).rejects.toMatchObject({ code })
  })
})
