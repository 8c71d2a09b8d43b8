import {
  createRandom,
  disposeParameters,
  flattenParameters,
  parametersToSafetensors,
  readSafetensors,
  safetensorsToFloat32,
  tf,
  useEngine,
  writeSafetensors,
  type SafetensorsEntry,
} from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { resolveConfig } from '../config/swat-config.js'
import { initializeParameters } from './initialize-parameters.js'
import { parametersFromHuggingFace } from './parameters-from-hugging-face.js'

const config = resolveConfig({
  vocabSize: 7,
  hiddenSize: 4,
  layers: 2,
  heads: 2,
  intermediateSize: 3,
  window: 3,
  qkNorm: true,
  tied: false,
})

/** A file of ours, read back. */
async function checkpoint(): Promise<Map<string, SafetensorsEntry>> {
  const parameters = initializeParameters(config, createRandom(1))
  const bytes = await parametersToSafetensors(parameters)
  disposeParameters(parameters)
  return readSafetensors(bytes).tensors
}

/** The values of a checkpoint, through a file and through parameters. */
function read(tensors: Iterable<[string, SafetensorsEntry]>, model = config): Map<string, number[]> {
  const parameters = parametersFromHuggingFace(readSafetensors(writeSafetensors(tensors)), model)
  const values = new Map([...flattenParameters(parameters)].map(([name, tensor]) => [name, [...tensor.dataSync()]]))
  disposeParameters(parameters)
  return values
}

async function expectedValues(): Promise<Map<string, number[]>> {
  return new Map([...(await checkpoint())].map(([name, entry]) => [name, [...safetensorsToFloat32(entry)]]))
}

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('parametersFromHuggingFace', () => {
  it('reads every tensor, in any order', async () => {
    expect(read([...(await checkpoint())].reverse())).toEqual(await expectedValues())
  })

  it('splits stacked gate and up projections, in bfloat16 too', async () => {
    const tensors = await checkpoint()
    const expected = await expectedValues()
    for (const layer of [0, 1]) {
      const gate = `model.layers.${layer}.mlp.gate_proj.weight`
      const up = `model.layers.${layer}.mlp.up_proj.weight`
      // Numbers that bfloat16 holds exactly.
      const stacked = Float32Array.from({ length: 24 }, (_, i) => (i - 8 * layer) / 4)
      const bits = Uint16Array.from(new Uint32Array(stacked.buffer), (word) => word >>> 16)
      tensors.set(gate, { dtype: 'BF16', shape: [6, 4], data: bits })
      tensors.delete(up)
      expected.set(gate, [...stacked.subarray(0, 12)])
      expected.set(up, [...stacked.subarray(12)])
    }
    expect(read(tensors)).toEqual(expected)
  })

  it('finds the norms inside attention and feed-forward layer', async () => {
    const renamed = [...(await checkpoint())].map(([name, entry]): [string, SafetensorsEntry] => [
      name.replace(/(attn|mlp)_norm\.weight$/, '$1.norm.weight'),
      entry,
    ])
    expect(renamed.filter(([name]) => name.endsWith('attn.norm.weight'))).toHaveLength(2)
    expect(read(renamed)).toEqual(await expectedValues())
  })

  it('ignores rotary tables and the output matrix of a tied model', async () => {
    const tensors = await checkpoint()
    tensors.set('model.layers.0.attn.rotary.inv_freq', { dtype: 'F32', shape: [1], data: Float32Array.of(1) })
    const expected = await expectedValues()
    expect(read(tensors)).toEqual(expected)
    expected.delete('lm_head.weight')
    expect(read(tensors, { ...config, tied: true })).toEqual(expected)
  })

  it('names everything that does not fit, and makes no tensor', async () => {
    const tensors = await checkpoint()
    tensors.delete('model.norm.weight')
    tensors.set('model.layers.0.attn.tau', { dtype: 'F32', shape: [2], data: new Float32Array(2) })
    const memory = tf.memory()
    expect(() => read(tensors)).toThrow(/model\.norm\.weight is missing.*model\.layers\.0\.attn\.tau is unknown/)
    expect(tf.memory().numTensors).toBe(memory.numTensors)
  })
})
