import { linear, swiGlu, type KernelPolicy, type tf } from '@swat-js/tensor-core'
import type { MatrixWeight } from './weights.js'

/** Weights of {@link mlp}, `[out, in]`. */
export type MlpParameters = {
  /** `[intermediate, hidden]` */
  gate_proj: MatrixWeight
  /** `[intermediate, hidden]` */
  up_proj: MatrixWeight
  /** `[hidden, intermediate]` */
  down_proj: MatrixWeight
}

/**
 * The SwiGLU feed-forward layer: `W_down( silu(W_gate x) ∘ (W_up x) )` (spec 4.1).
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - the three matrices
 * @param options - `kernels`: which kernels run
 * @returns `[batch, length, hidden]`
 */
export function mlp(x: tf.Tensor3D, parameters: MlpParameters, options: { kernels?: KernelPolicy } = {}): tf.Tensor3D {
  const gate = linear(x, parameters.gate_proj.weight, options) // [batch, length, intermediate]
  const up = linear(x, parameters.up_proj.weight, options) // [batch, length, intermediate]
  const hidden = swiGlu(gate, up, options) // [batch, length, intermediate]
  return linear(hidden, parameters.down_proj.weight, options) as tf.Tensor3D // [batch, length, hidden]
}
