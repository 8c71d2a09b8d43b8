import { linear, rmsNorm, tf } from '@swat-js/tensor-core'
import { deltaRule } from '../linear-attention/delta-rule.js'
import { partOf } from '../linear-attention/part-of.js'
import type { DeltaNetParameters, GatedDeltaNetParameters } from '../recurrent-parameters.js'
import { recurrentSizes, type DeltaNetSettings, type GatedDeltaNetSettings } from '../recurrent-settings.js'
import { shortConvolution } from '../short-convolution.js'
import { softplus } from '../softplus.js'
import type { MixerContext, MixerResult } from './contract.js'
import { projectOutput, splitHeads, withoutPadding } from './heads.js'

/** Added to the squared length of queries and keys, as in the official layers. */
const lengthEpsilon = 1e-6

/**
 * DeltaNet (spec 7): project → convolve → queries and keys of length 1 → delta rule → norm, project. Gated DeltaNet
 * also decays, by e^(−e^A_log · softplus(step)), and gates its output.
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - of the layer
 * @param settings - of the layer
 * @param context - state, padding, kernels
 * @returns output and next state
 */
export function deltaNetLayer(
  x: tf.Tensor3D,
  parameters: DeltaNetParameters | GatedDeltaNetParameters,
  settings: DeltaNetSettings | GatedDeltaNetSettings,
  context: MixerContext,
): MixerResult {
  const { matrices, own, kernels } = context
  const { q_proj, k_proj, v_proj, b_proj, q_conv1d, k_conv1d, v_conv1d, o_norm, o_proj } = parameters
  const { heads, keyDim, valueDim } = recurrentSizes(settings)
  const [keyChannels, valueChannels] = [heads * keyDim, heads * valueDim]
  const project = (weight: tf.Tensor2D) => linear(x, weight, { kernels })

  const projected = tf.concat(
    [q_proj, k_proj, v_proj].map(({ weight }) => project(weight)),
    2,
  )
  const filters = tf.concat([q_conv1d.weight, k_conv1d.weight, v_conv1d.weight]) // [channels, 1, 4]
  const { output: mixed, past } = shortConvolution(projected, filters, {
    ...{ past: context.past, lengths: context.lengths, kernels },
  })
  const ofLength1 = (start: number) => {
    const tokens = splitHeads(partOf(mixed, 2, start, keyChannels), heads)
    const weight = tf.fill([keyDim], keyDim ** -0.5) as tf.Tensor1D // a norm of the mean square, times keyDim^-½
    return rmsNorm(tokens, weight, { epsilon: lengthEpsilon / keyDim, kernels })
  }
  const queries = ofLength1(0) // [batch, length, heads, keyDim]
  const keys = ofLength1(keyChannels) // [batch, length, heads, keyDim]
  const values = splitHeads(partOf(mixed, 2, 2 * keyChannels, valueChannels), heads) // [.., valueDim]

  const beta = withoutPadding(tf.sigmoid(project(b_proj.weight)), own) // [batch, length, heads]
  let logDecay: tf.Tensor3D | null = null // [batch, length, heads]
  let gate: tf.Tensor3D | null = null // [batch, length, heads · valueDim]
  if ('a_proj' in parameters) {
    const steps = softplus<tf.Tensor3D>(tf.add(project(parameters.a_proj.weight), parameters.dt_bias))
    logDecay = withoutPadding(tf.neg(tf.mul<tf.Tensor3D>(steps, tf.exp(parameters.A_log))), own)
    gate = project(parameters.g_proj.weight)
  }
  const { output, state } = deltaRule(queries, keys, values, beta, { logDecay, state: matrices })
  const end = { norm: o_norm.weight, gate, weight: o_proj.weight, epsilon: settings.normEpsilon, kernels }
  return { output: projectOutput(output, end), matrices: state, past }
}
