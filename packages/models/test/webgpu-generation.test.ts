import { createRandom, disposeParameters, useEngine } from '@swat-js/tensor-core'
import { expectClose, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { describe, expect, it } from 'vitest'
import {
  evaluateTokens,
  generateBatch,
  generateTokens,
  initializeParameters,
  readHiddenStates,
  resolveConfig,
} from '../src/index.js'

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

  it('continues prompts of different lengths and reads hidden states as the reference does', async () => {
    const run = async (backend: 'cpu' | 'webgpu') => {
      await useEngine({ backend })
      const parameters = initializeParameters(config, createRandom(1))
      const tokens: (number | undefined)[][] = []
      const logProbabilities: number[] = []
      const options = { maxNewTokens: 4, seed: 1, topP: 0.9, prefillChunk: 16, logProbabilities: 0 }
      for await (const step of generateBatch(parameters, config, [prompt, [1, 2, 3], [4]], options)) {
        tokens.push(step.map((drawn) => drawn?.token))
        logProbabilities.push(...step.map((drawn) => drawn?.logProbability ?? 0))
      }
      const states: number[] = []
      for await (const { hidden, everyBlock } of readHiddenStates(parameters, config, prompt, {
        chunk: 16,
        everyBlock: true,
      })) {
        for (const state of [hidden, ...(everyBlock ?? [])]) states.push(...state)
      }
      disposeParameters(parameters)
      return { tokens, logProbabilities, states }
    }
    const [reference, actual] = [await run('cpu'), await run('webgpu')]
    expect(actual.tokens).toEqual(reference.tokens)
    expectClose(actual.logProbabilities, reference.logProbabilities, { relative: 2e-5, name: 'log-probabilities' })
    expectClose(actual.states, reference.states, { relative: 2e-5, name: 'hidden states' })
  })
})
