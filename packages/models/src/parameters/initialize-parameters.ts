import { parametersFromSafetensors, type Random, type SafetensorsEntry } from '@swat-js/tensor-core'
import { resolveSlopes } from '../config/resolve-slopes.js'
import type { SwatConfig } from '../config/swat-config.js'
import { initialRecurrentParameter } from '../recurrent/initial-recurrent-parameter.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { parameterShapes } from './parameter-shapes.js'

/** Standard deviation of a fresh distance table (spec 1.6). */
const tableStd = 1e-3

/**
 * Fresh parameters: matrices from N(0, `initStd`²), norms 1, biases 0 (spec 4.2), distance tables from N(0, 10⁻⁶)
 * (spec 1.6), learned slopes and layer scales as the configuration says, learned sinks 0. The same seed gives the same
 * model everywhere.
 *
 * @param config - the model
 * @param random - source of randomness
 * @returns the parameters; dispose them with `disposeParameters`
 */
export function initializeParameters(config: SwatConfig, random: Random): SwatParameters {
  const shapes = parameterShapes(config)
  const tensors = new Map<string, SafetensorsEntry>()
  for (const [name, shape] of shapes) {
    const data = valuesOf(name, shape, config, random)
    tensors.set(name, { dtype: 'F32', shape, data })
  }
  return parametersFromSafetensors<SwatParameters>({ metadata: {}, tensors }, shapes)
}

function valuesOf(name: string, shape: readonly number[], config: SwatConfig, random: Random): Float32Array {
  const { mixer, initStd } = config
  const [, ofMixer] = /\.attn\.(.+)$/.exec(name) ?? []
  if (mixer !== 'attention' && ofMixer) return initialRecurrentParameter(mixer, ofMixer, shape, random, initStd)
  const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1))
  fill(data, name, config, random)
  return data
}

function fill(data: Float32Array, name: string, config: SwatConfig, random: Random): void {
  const { heads, slopes, layerScale, initStd } = config
  if (name.endsWith('.slopes')) data.set(resolveSlopes(slopes, heads) ?? [])
  else if (/\.(bias|sigmoid_bias|sink_logits)$/.test(name)) data.fill(0)
  else if (name.endsWith('layer_scale.weight')) data.fill(layerScale ?? 1)
  else if (name.endsWith('norm.weight')) data.fill(1)
  else random.fillNormal(data, name.endsWith('.learnable_bias_diagonals') ? tableStd : initStd)
}
