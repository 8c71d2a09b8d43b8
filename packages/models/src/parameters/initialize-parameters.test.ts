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
