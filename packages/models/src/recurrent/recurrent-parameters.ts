import type { tf } from '@swat-js/tensor-core'
import type { MatrixWeight, NormWeight } from '../layers/weights.js'
import { recurrentSizes, type RecurrentSettings } from './recurrent-settings.js'

/** The weight of a depthwise convolution over time. */
export type ConvolutionWeight = {
  /** `[channels, 1, 4]`, the factor of the newest token last. */
  weight: tf.Tensor3D
}

/** Parameters of RetNet, in the names of the official layer; matrices are `[out, in]`. */
export type RetNetParameters = {
  /** Queries: `[heads · keyDim, hidden]`. */
  q_proj: MatrixWeight
  /** Keys: `[heads · keyDim, hidden]`. */
  k_proj: MatrixWeight
  /** Values: `[heads · valueDim, hidden]`. */
  v_proj: MatrixWeight
  /** Output gate: `[heads · valueDim, hidden]`. */
  g_proj: MatrixWeight
  /** Norm over each head of the output, `[valueDim]`. */
  g_norm_swish_gate: NormWeight
  /** Output: `[hidden, heads · valueDim]`. */
  o_proj: MatrixWeight
}

/** Parameters of GLA: those of RetNet and the decays. */
export type GlaParameters = RetNetParameters & {
  /** Decays: `[gateRank, hidden]`, then `[heads · keyDim, gateRank]` with a bias. */
  gk_proj: [
    MatrixWeight,
    MatrixWeight & {
      /** `[heads · keyDim]` */
      bias: tf.Tensor1D
    },
  ]
}

/** Parameters of Mamba-2; `inner` is heads · headDim inside. */
export type Mamba2Parameters = {
  /** Gate, convolved channels and time steps: `[2 · inner + 2 · stateSize + heads, hidden]`. */
  in_proj: MatrixWeight
  /** Over values, B and C: inner + 2 · stateSize channels. */
  conv1d: ConvolutionWeight & {
    /** `[inner + 2 · stateSize]` */
    bias: tf.Tensor1D
  }
  /** Added to the time steps before the softplus, `[heads]`. */
  dt_bias: tf.Tensor1D
  /** Logarithm of the rate of decay, `[heads]`. */
  A_log: tf.Tensor1D
  /** Share of the values that passes the state by, `[heads]`. */
  D: tf.Tensor1D
  /** Norm over the gated output, `[inner]`. */
  norm: NormWeight
  /** Output: `[hidden, inner]`. */
  out_proj: MatrixWeight
}

/** Parameters of DeltaNet. */
export type DeltaNetParameters = {
  /** Queries: `[heads · keyDim, hidden]`. */
  q_proj: MatrixWeight
  /** Keys: `[heads · keyDim, hidden]`. */
  k_proj: MatrixWeight
  /** Values: `[heads · valueDim, hidden]`. */
  v_proj: MatrixWeight
  /** β of each head: `[heads, hidden]`. */
  b_proj: MatrixWeight
  /** Over queries. */
  q_conv1d: ConvolutionWeight
  /** Over keys. */
  k_conv1d: ConvolutionWeight
  /** Over values. */
  v_conv1d: ConvolutionWeight
  /** Norm over each head of the output, `[valueDim]`. */
  o_norm: NormWeight
  /** Output: `[hidden, heads · valueDim]`. */
  o_proj: MatrixWeight
}

/** Parameters of Gated DeltaNet: those of DeltaNet, decays and an output gate. */
export type GatedDeltaNetParameters = DeltaNetParameters & {
  /** Time steps: `[heads, hidden]`. */
  a_proj: MatrixWeight
  /** Logarithm of the rate of decay, `[heads]`. */
  A_log: tf.Tensor1D
  /** Added to the time steps before the softplus, `[heads]`. */
  dt_bias: tf.Tensor1D
  /** Output gate: `[heads · valueDim, hidden]`. */
  g_proj: MatrixWeight
}

/** Parameters of a recurrent layer; which, its settings say. */
export type RecurrentParameters =
  RetNetParameters | GlaParameters | Mamba2Parameters | DeltaNetParameters | GatedDeltaNetParameters

/** Tokens that a short convolution sees, the current one included. */
export const convolutionWidth = 4

/**
 * The shape of every parameter of a recurrent layer, in the names of the official layers.
 *
 * @param settings - of the layer
 * @returns names within the layer, for example `q_proj.weight`, and shapes
 */
export function recurrentParameterShapes(settings: RecurrentSettings): Map<string, number[]> {
  const { hiddenSize } = settings
  const { heads, keyDim, valueDim, convolved } = recurrentSizes(settings)
  const [keys, values] = [heads * keyDim, heads * valueDim]
  if (settings.type === 'mamba2') {
    return new Map([
      ['in_proj.weight', [values + convolved + heads, hiddenSize]],
      ['conv1d.weight', [convolved, 1, convolutionWidth]],
      ['conv1d.bias', [convolved]],
      ['dt_bias', [heads]],
      ['A_log', [heads]],
      ['D', [heads]],
      ['norm.weight', [values]],
      ['out_proj.weight', [hiddenSize, values]],
    ])
  }

  const shapes = new Map([
    ['q_proj.weight', [keys, hiddenSize]],
    ['k_proj.weight', [keys, hiddenSize]],
    ['v_proj.weight', [values, hiddenSize]],
  ])
  if (settings.type === 'gla') {
    shapes.set('gk_proj.0.weight', [settings.gateRank, hiddenSize])
    shapes.set('gk_proj.1.weight', [keys, settings.gateRank])
    shapes.set('gk_proj.1.bias', [keys])
  }
  if (settings.type === 'retnet' || settings.type === 'gla') {
    shapes.set('g_proj.weight', [values, hiddenSize])
    shapes.set('g_norm_swish_gate.weight', [valueDim])
  } else {
    shapes.set('b_proj.weight', [heads, hiddenSize])
    shapes.set('q_conv1d.weight', [keys, 1, convolutionWidth])
    shapes.set('k_conv1d.weight', [keys, 1, convolutionWidth])
    shapes.set('v_conv1d.weight', [values, 1, convolutionWidth])
    if (settings.type === 'gated-deltanet') {
      shapes.set('a_proj.weight', [heads, hiddenSize])
      shapes.set('A_log', [heads])
      shapes.set('dt_bias', [heads])
      shapes.set('g_proj.weight', [values, hiddenSize])
    }
    shapes.set('o_norm.weight', [valueDim])
  }
  shapes.set('o_proj.weight', [hiddenSize, values])
  return shapes
}
