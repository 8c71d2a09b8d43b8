import { byteTokenizer, trainBpe, type Tokenizer } from '@swat-js/data'
import { initializeParameters, resolveConfig, type SwatParameters } from '@swat-js/models'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { continueText } from './continue-text.js'
import { continueTexts, type ContinueTextsOptions, type TextPiece } from './continue-texts.js'

const sample = 'über 鯨 🐋 the sea '.repeat(3)
const specialTokens = ['<|endoftext|>']
const tokenizers: [string, Tokenizer][] = [
  ['byte', byteTokenizer({ specialTokens })],
  ['bpe', trainBpe([sample], { vocabSize: 270, specialTokens })],
]

describe.each(tokenizers)('continueTexts, %s', (_, tokenizer) => {
  const sizes = { hiddenSize: 16, layers: 2, heads: 2, intermediateSize: 24, window: 6 }
  const model = resolveConfig({ ...sizes, vocabSize: tokenizer.vocabSize, initStd: 0.2 })
  const prompts = ['the sea', 'ü', '🐋 '.repeat(20)]
  let parameters: SwatParameters
  beforeAll(async () => {
    await useEngine({ backend: 'wasm' })
    parameters = initializeParameters(model, createRandom(1))
  })
  afterAll(() => disposeParameters(parameters))

  async function write(prompts: string[], options: ContinueTextsOptions): Promise<TextPiece[][]> {
    const pieces = prompts.map((): TextPiece[] => [])
    for await (const piece of continueTexts({ parameters, model, tokenizer }, prompts, options)) {
      expect(pieces[piece.sequence].some(({ end }) => end !== null)).toBe(false)
      pieces[piece.sequence].push(piece)
    }
    return pieces
  }
  const textOf = (pieces: TextPiece[]) => pieces.map(({ text }) => text).join('')
  const idsOf = (pieces: TextPiece[]) => pieces.flatMap(({ token }) => (token === null ? [] : [token.token]))

  it('writes what its tokens say, in whole characters, the same alone and beside others', async () => {
    const options = { tokens: 40, temperature: 1.2, topP: 0.95, topK: 100, minP: 0.001, repetitionPenalty: 1.1 }
    const texts = await write(prompts, { ...options, seed: 3 })
    for (const [i, pieces] of texts.entries()) {
      expect(textOf(pieces)).toBe(tokenizer.decode(idsOf(pieces)))
      expect(idsOf(pieces).length).toBeLessThanOrEqual(40)
      const [last] = pieces.slice(-1)
      expect(last).toMatchObject({ token: null, end: idsOf(pieces).length === 40 ? 'length' : 'stop' })
      for (const { text } of pieces) expect(text).not.toMatch(/\p{Surrogate}/u)
      const alone: string[] = []
      const speaker = { parameters, model, tokenizer }
      for await (const text of continueText(speaker, prompts[i], { ...options, seed: 3 + i })) alone.push(text)
      expect(alone.join('')).toBe(textOf(pieces))
      expect(alone).not.toContain('')
    }
  })

  it('ends each text before its first stop string and goes on with the others', async () => {
    const free = (await write(prompts, { tokens: 40, seed: 7 })).map(textOf)
    const stop = [free[0].slice(6, 9), free[1].slice(11, 12)]
    const stopped = await write(prompts, { tokens: 40, seed: 7, stop })
    stopped.forEach((pieces, i) => {
      const text = textOf(pieces)
      expect(free[i].startsWith(text)).toBe(true)
      const places = stop.map((string) => free[i].indexOf(string)).filter((place) => place >= 0)
      if (places.length === 0) expect(text).toBe(free[i])
      else expect(text.length).toBe(Math.min(...places))
      if (places.length > 0) expect(pieces[pieces.length - 1].end).toBe('stop')
    })
    expect(textOf(stopped[0])).not.toBe(free[0])
  })

  it('tells log-probabilities when asked', async () => {
    const [pieces] = await write(['the'], { tokens: 5, temperature: 0, logProbabilities: 2 })
    for (const { token } of pieces.slice(0, -1)) {
      expect(token?.likeliest).toHaveLength(2)
      expect(token?.likeliest[0]).toEqual({ token: token?.token, logProbability: token?.logProbability })
    }
  })

  it('leaves nothing behind when it is aborted or refuses', async () => {
    const before = tf.memory().numTensors
    const controller = new AbortController()
    const endless = continueTexts({ parameters, model, tokenizer }, prompts, {
      tokens: Infinity,
      signal: controller.signal,
    })
    const read = async () => {
      for await (const { sequence } of endless) if (sequence === 2) controller.abort(new Error('enough'))
    }
    await expect(read()).rejects.toThrow('enough')
    await expect(write(['a', ''], { tokens: 2 })).rejects.toThrow('prompt 1 must have a token at least')
    await expect(write(['a'], { tokens: 2, stop: [''] })).rejects.toThrow('"" is empty')
    expect(tf.memory().numTensors).toBe(before)
  })
})
