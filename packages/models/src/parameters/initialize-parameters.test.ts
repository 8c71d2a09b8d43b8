import { createRandom, disposeParameters, flattenParameters, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { presetConfig } from '../config/presets.js'
import { initializeParameters } from './initialize-parameters.js'
import { parameterShapes } from './parameter-shapes.js'

const config = presetConfig('nano', { qkNorm: true, tied: false, initStd: 0.05 })

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('initializeParameters', () => {
  it('has every parameter in its place, with its name and shape', () => {
    const parameters = initializeParameters(config, createRandom(1))
    const shapes = [...flattenParameters(parameters)].map(([name, { shape }]) => [name, shape])
    expect(shapes).toEqual([...parameterShapes(config)])
    expect(parameters.model.layers[1].attn.q_proj.weight.shape).toEqual([64, 64])
    disposeParameters(parameters)
  })

  it('draws matrices from N(0, initStd²) and sets norms to 1', () => {
    const parameters = initializeParameters(config, createRandom(2))
    for (const [name, tensor] of flattenParameters(parameters)) {
      const values = Array.from(tensor.dataSync())
      if (tensor.rank === 1) {
        expect(
          values.every((value) => value === 1),
          name,
        ).toBe(true)
        continue
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
      const withinOne = values.filter((value) => Math.abs(value) < config.initStd).length / values.length
      // Five standard errors of each statistic.
      expect(Math.abs(mean), name).toBeLessThan((5 * config.initStd) / Math.sqrt(values.length))
      expect(Math.abs(Math.sqrt(variance) / config.initStd - 1), name).toBeLessThan(5 / Math.sqrt(2 * values.length))
      expect(Math.abs(withinOne - 0.6827), name).toBeLessThan((5 * 0.466) / Math.sqrt(values.length))
    }
    disposeParameters(parameters)
  })

  it('starts every learned term where it says', () => {
    const { model } = initializeParameters(
      presetConfig('nano', {
        ...{ trainableSlopes: true, sigmoidBias: 'learned', qkvBias: true, layerScale: 1e-4, attnOutNorm: true },
        positionBias: { type: 'learned', length: 500 },
      }),
      createRandom(2),
    )
    const [{ attn, ...block }] = model.layers
    const values = (tensor: { dataSync(): ArrayLike<number> } | undefined) => Array.from(tensor!.dataSync())
    expect(values(attn.slopes)).toEqual([-0.5, -0.25, 0.5, 0.25])
    expect(values(attn.sigmoid_bias)).toEqual([0, 0, 0, 0])
    expect(values(attn.k_proj.bias)).toEqual(new Array(64).fill(0))
    expect(values(block.attn_out_norm?.weight)).toEqual(new Array(64).fill(1))
    for (const scale of [block.attn_layer_scale, block.mlp_layer_scale]) {
      expect(values(scale?.weight)).toEqual(new Array(64).fill(Math.fround(1e-4)))
    }
    const table = values(attn.learnable_bias_diagonals)
    const deviation = Math.sqrt(table.reduce((sum, value) => sum + value ** 2, 0) / table.length)
    expect(Math.abs(deviation / 1e-3 - 1)).toBeLessThan(5 / Math.sqrt(2 * table.length))
    const softmax = { activation: 'softmax', learnedSink: true, slopes: 'none' } as const
    const sinks = initializeParameters(presetConfig('nano', softmax), createRandom(1)).model.layers[1].attn.sink_logits
    expect(values(sinks)).toEqual([0, 0, 0, 0])
  })

  it('depends on the seed alone', () => {
    const valuesOf = (seed: number) => {
      const parameters = initializeParameters(config, createRandom(seed))
      const values = [...flattenParameters(parameters).values()].map((tensor) => Array.from(tensor.dataSync()))
      disposeParameters(parameters)
      return values
    }
    expect(valuesOf(3)).toEqual(valuesOf(3))
    expect(valuesOf(3)).not.toEqual(valuesOf(4))
  })
})
