// What PyTorch computed with packages/models/python: made by test/pytorch/write-folders.ts and compute_logits.py.
import { readFileSync } from 'node:fs'
import { createRandom, disposeParameters, readSafetensors, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  fromHuggingFaceConfig,
  initializeParameters,
  parametersFromHuggingFace,
  swatTransformer,
  toHuggingFaceConfig,
  type SwatConfig,
  type SwatParameters,
} from '../src/index.js'
import { pytorchModels, pytorchPrompts } from './fixtures/pytorch-models.js'
import { idsTensor } from './fixtures/stream.js'

const read = (path: string) => readFileSync(new URL(`./fixtures/${path}`, import.meta.url))
const readJson = <T>(path: string) => JSON.parse(read(path).toString('utf8')) as T
const computed = readJson<{ name: string; seed: number; logits: number[][] }[]>('pytorch-logits.json')

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

function logitsOf(parameters: SwatParameters, config: SwatConfig, prompt: number[]): Float32Array {
  return tf.tidy(() => swatTransformer(parameters, config, idsTensor(prompt)).logits.dataSync<'float32'>().slice())
}

describe('models of ours in PyTorch', () => {
  it('are all in the fixture', () => {
    const names = pytorchModels.map(({ name, seed }) => `${name}, ${seed}`).sort()
    expect(computed.map(({ name, seed }) => `${name}, ${seed}`).sort()).toEqual(names)
  })

  it.each(pytorchModels)('$name: the same logits', ({ name, seed, config }) => {
    const { logits } = computed.find((other) => other.name === name)!
    const readBack = fromHuggingFaceConfig(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))
    const parameters = initializeParameters(readBack, createRandom(seed))
    pytorchPrompts.forEach((prompt, i) => {
      expectClose(logitsOf(parameters, readBack, prompt), logits[i], {
        relative: 1e-5,
        name: `${prompt.length} tokens`,
      })
    })
    disposeParameters(parameters)
  })
})

describe.each(['float32', 'bfloat16'])('a folder that PyTorch saved in %s', (dtype) => {
  it('has the same logits here', () => {
    const folder = `pytorch-saved/${dtype}`
    const config = fromHuggingFaceConfig(readJson(`${folder}/config.json`))
    const file = readSafetensors(read(`${folder}/model.safetensors`))
    const kinds = new Set([...file.tensors.values()].map((entry) => entry.dtype))
    expect([...kinds]).toEqual([dtype === 'float32' ? 'F32' : 'BF16'])
    const parameters = parametersFromHuggingFace(file, config)
    const { prompt, logits } = readJson<{ prompt: number[]; logits: number[] }>(`${folder}/logits.json`)
    expectClose(logitsOf(parameters, config, prompt), logits, { relative: 1e-5 })
    disposeParameters(parameters)
  })
})
