import { applyRotary, rotaryTables } from '@swat-js/positional-encodings'
import { linear, tf, type KernelPolicy } from '@swat-js/tensor-core'
import { gatedLinearAttention } from '../linear-attention/gated-linear-attention.js'
import type { RetNetParameters } from '../recurrent-parameters.js'
import { recurrentSizes, type RetNetSettings } from '../recurrent-settings.js'
import type { MixerContext, MixerResult } from './contract.js'
import { projectOutput, splitHeads, withoutPadding } from './heads.js'

/**
 * Multi-scale retention (spec 7): project → rotate → decay by γ = 1 − 2^(−5−head) a token → norm, gate, project.
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - of the layer
 * @param settings - of the layer
 * @param context - state, positions, padding, kernels
 * @returns output and next state
 */
export function retNetLayer(
  x: tf.Tensor3D,
  parameters: RetNetParameters,
  settings: RetNetSettings,
  context: MixerContext,
): MixerResult {
  const { matrices, positions, own, kernels } = context
  const { q_proj, k_proj, v_proj, g_proj, g_norm_swish_gate, o_proj } = parameters
  const { heads, keyDim } = recurrentSizes(settings)
  const [batch, length] = x.shape
  const project = (weight: tf.Tensor2D) => linear(x, weight, { kernels })

  const tables = { headDim: keyDim, base: settings.ropeBase }
  const rotate = (tokens: tf.Tensor4D) => rotated(tokens, tables, positions, kernels)
  const queries = rotate(splitHeads(project(q_proj.weight), heads)) // [batch, length, heads, keyDim]
  const keys = rotate(splitHeads(project(k_proj.weight), heads)) // [batch, length, heads, keyDim]
  const values = splitHeads(project(v_proj.weight), heads) // [batch, length, heads, valueDim]

  const ofHeads = Array.from({ length: heads }, (_, head) => Math.log1p(-(2 ** (-5 - head))))
  const logDecay = tf.mul<tf.Tensor3D>(tf.ones([batch, length, 1]), tf.tensor1d(ofHeads)) // [batch, length, heads]
  const { output, state } = gatedLinearAttention(queries, withoutPadding(keys, own), values, {
    logDecay: withoutPadding(logDecay, own),
    state: matrices,
  })
  const gated = { norm: g_norm_swish_gate.weight, gate: project(g_proj.weight), weight: o_proj.weight }
  return {
    output: projectOutput(output, { ...gated, epsilon: settings.normEpsilon, kernels }),
    matrices: state,
    past: null,
  }
}

/** All sequences as one where they stand at different positions. */
function rotated(
  x: tf.Tensor4D,
  tables: { headDim: number; base: number },
  positions: readonly number[],
  kernels: KernelPolicy | undefined,
): tf.Tensor4D {
  const [batch, length, heads, keyDim] = x.shape
  const [start] = positions
  if (positions.every((other) => other === start)) {
    return applyRotary(x, rotaryTables({ ...tables, positions: { start, length } }), { kernels })
  }
  const each = positions.flatMap((start) => Array.from({ length }, (_, i) => start + i))
  const inOneSequence = tf.reshape(x, [1, batch * length, heads, keyDim]) as tf.Tensor4D
  return tf.reshape(applyRotary(inOneSequence, rotaryTables({ ...tables, positions: each }), { kernels }), x.shape)
}
