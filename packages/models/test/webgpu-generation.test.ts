import { createRandom, disposeParameters, useEngine } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { describe, expect, it } from 'vitest'
import { evaluateTokens, generateTokens, initializeParameters, resolveConfig } from '../src/index.js'

const noGpu = await webgpuUnavailable()
const config = resolveConfig({
  ...{ vocabSize: 23, hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 24 },
  ...{ window: 6, initStd: 0.3 },
})
const prompt = Array.from({ length: 30 }, (_, i) => (i * i) % 23)

describe.skipIf(noGpu !== null)(noGpu ? `webgpu (skipped: ${noGpu})` : 'webgpu', () => {
  it('generates and scores as the reference does', async () => {
    const run = async (backend: 'cpu' | 'webgpu') => {
      await useEngine({ backend })
      const parameters = initializeParameters(config, createRandom(1))
      const tokens: number[] = []
      const options = { maxNewTokens: 5, temperature: 0, prefillChunk: 16 }
      for await (const token of generateTokens(parameters, config, prompt, options)) tokens.push(token)
      const { loss } = await evaluateTokens(parameters, config, prompt, { chunk: 16 })
      disposeParameters(parameters)
      return { tokens, loss }
    }
    const [reference, actual] = [await run('cpu'), await run('webgpu')]
    expect(actual.tokens).toEqual(reference.tokens)
    expect(Math.abs(actual.loss / reference.loss - 1)).toBeLessThan(2e-6)
  })
})
