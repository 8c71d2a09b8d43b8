import { linear, rmsNorm, swiGlu, tf, withGradient } from '@swat-js/tensor-core'
import { gatedLinearAttention } from '../linear-attention/gated-linear-attention.js'
import { partOf } from '../linear-attention/part-of.js'
import type { Mamba2Parameters } from '../recurrent-parameters.js'
import { recurrentSizes, type Mamba2Settings } from '../recurrent-settings.js'
import { shortConvolution } from '../short-convolution.js'
import { softplus } from '../softplus.js'
import type { MixerContext, MixerResult } from './contract.js'
import { splitHeads, withoutPadding } from './heads.js'

/**
 * Mamba-2 (spec 7): project → convolve → S = e^(Δa) S + Δ B xᵀ, y = Sᵀ C + D x → gate, norm, project. B and C are the
 * keys and queries of all heads, x their values, a = −e^A_log.
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - of the layer
 * @param settings - of the layer
 * @param context - state, padding, kernels
 * @returns output and next state
 */
export function mamba2Layer(
  x: tf.Tensor3D,
  parameters: Mamba2Parameters,
  settings: Mamba2Settings,
  context: MixerContext,
): MixerResult {
  const { matrices, own, kernels } = context
  const { heads, keyDim, valueDim, convolved } = recurrentSizes(settings)
  const inner = heads * valueDim
  const [batch, length] = x.shape

  const projected = linear(x, parameters.in_proj.weight, { kernels })
  const gate = partOf(projected, 2, 0, inner) // [batch, length, inner]
  const steps = partOf(projected, 2, inner + convolved, heads) // [batch, length, heads]
  const { output: mixed, past } = shortConvolution(partOf(projected, 2, inner, convolved), parameters.conv1d.weight, {
    ...{ bias: parameters.conv1d.bias, past: context.past, lengths: context.lengths, kernels },
  })
  const values = splitHeads(partOf(mixed, 2, 0, inner), heads) // [batch, length, heads, valueDim]
  const shared = (start: number): tf.Tensor4D =>
    forAllHeads(tf.expandDims<tf.Tensor4D>(partOf(mixed, 2, start, keyDim), 2), heads)
  const keys = shared(inner) // B, [batch, length, heads, keyDim]
  const queries = shared(inner + keyDim) // C, [batch, length, heads, keyDim]

  const delta = withoutPadding(softplus<tf.Tensor3D>(tf.add(steps, parameters.dt_bias)), own) // [batch, length, heads]
  const { output, state } = gatedLinearAttention(queries, keys, tf.mul(values, tf.expandDims(delta, 3)), {
    logDecay: tf.neg(tf.mul(delta, tf.exp(parameters.A_log))) as tf.Tensor3D,
    state: matrices,
    scale: 1,
  })
  const passing = tf.mul(values, tf.reshape(parameters.D, [heads, 1]))
  const summed = tf.reshape(tf.add(output, passing), [batch, length, inner]) as tf.Tensor3D
  const gated = rmsNorm(swiGlu(gate, summed, { kernels }), parameters.norm.weight, {
    ...{ epsilon: settings.normEpsilon, kernels },
  })
  return { output: linear(gated, parameters.out_proj.weight, { kernels }), matrices: state, past }
}

/** `[batch, length, 1, dim]` → `[batch, length, heads, dim]`; faster than `tf.tile` on wasm, gradient too. */
function forAllHeads(x: tf.Tensor4D, heads: number): tf.Tensor4D {
  return withGradient(
    [x],
    () => tf.mul(x, tf.ones([heads, 1])),
    (gradient) => [tf.sum(gradient, 2, true)],
    { keepInputs: false },
  ) as tf.Tensor4D
}
