import { parametersFromSafetensors, type Random, type SafetensorsEntry } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { parameterShapes } from './parameter-shapes.js'

/**
 * Fresh parameters: matrices from N(0, `initStd`²), norms 1 (spec 4.2). The same seed gives the same model everywhere.
 *
 * @param config - the model
 * @param random - source of randomness
 * @returns the parameters; dispose them with `disposeParameters`
 */
export function initializeParameters(config: SwatConfig, random: Random): SwatParameters {
  const shapes = parameterShapes(config)
  const tensors = new Map<string, SafetensorsEntry>()
  for (const [name, shape] of shapes) {
    const isNorm = shape.length === 1
    const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1))
    if (isNorm) data.fill(1)
    else random.fillNormal(data, config.initStd)
    tensors.set(name, { dtype: 'F32', shape, data })
  }
  return parametersFromSafetensors<SwatParameters>({ metadata: {}, tensors }, shapes)
}
