import { linear, tf } from '@swat-js/tensor-core'
import { gatedLinearAttention } from '../linear-attention/gated-linear-attention.js'
import type { GlaParameters } from '../recurrent-parameters.js'
import type { GlaSettings } from '../recurrent-settings.js'
import { softplus } from '../softplus.js'
import type { MixerContext, MixerResult } from './contract.js'
import { projectOutput, splitHeads, withoutPadding } from './heads.js'

/**
 * Gated linear attention (spec 7): project → decay each channel of the keys by its gate → norm, gate, project.
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - of the layer
 * @param settings - of the layer
 * @param context - state, padding, kernels
 * @returns output and next state
 */
export function glaLayer(
  x: tf.Tensor3D,
  parameters: GlaParameters,
  settings: GlaSettings,
  context: MixerContext,
): MixerResult {
  const { matrices, own, kernels } = context
  const { q_proj, k_proj, v_proj, g_proj, gk_proj, g_norm_swish_gate, o_proj } = parameters
  const { heads, gateNormaliser, normEpsilon } = settings
  const project = (weight: tf.Tensor2D) => linear(x, weight, { kernels })

  const queries = splitHeads(project(q_proj.weight), heads) // [batch, length, heads, keyDim]
  const keys = splitHeads(project(k_proj.weight), heads) // [batch, length, heads, keyDim]
  const values = splitHeads(project(v_proj.weight), heads) // [batch, length, heads, valueDim]

  const narrow = project(gk_proj[0].weight) // [batch, length, gateRank]
  const gates: tf.Tensor3D = tf.add(linear(narrow, gk_proj[1].weight, { kernels }), gk_proj[1].bias)
  const logSigmoid = tf.neg(softplus(tf.neg(gates))) // [batch, length, heads · keyDim]
  const logDecay = splitHeads(tf.div(logSigmoid, gateNormaliser), heads)

  const { output, state } = gatedLinearAttention(queries, withoutPadding(keys, own), values, {
    logDecay: withoutPadding(logDecay, own),
    state: matrices,
  })
  const gated = { norm: g_norm_swish_gate.weight, gate: project(g_proj.weight), weight: o_proj.weight }
  return { output: projectOutput(output, { ...gated, epsilon: normEpsilon, kernels }), matrices: state, past: null }
}
