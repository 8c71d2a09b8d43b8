import type { Kernel, KernelPolicy, KernelRequest, tf } from '@swat-js/tensor-core'

/**
 * Which dimensions form a pair: `half` = i and i + headDim / 2 (GPT-NeoX, Llama, the SWAT code); `interleaved` = 2i and
 * 2i + 1 (GPT-J).
 */
export type RotaryStyle = 'half' | 'interleaved'

/** What the op tells its kernels about a call. */
export interface RotaryRequest extends KernelRequest {
  /** Number of tokens. */
  length: number
  /** Size of a head. */
  headDim: number
  /** Which dimensions form a pair. */
  style: RotaryStyle
}

/** Inputs of a kernel, already checked. */
export interface RotaryInputs {
  /** `[batch, length, heads, headDim]` */
  x: tf.Tensor4D
  /** `[length, headDim / 2]` */
  cos: tf.Tensor2D
  /** `[length, headDim / 2]` */
  sin: tf.Tensor2D
  /** Which dimensions form a pair. */
  style: RotaryStyle
  /** 1 rotates by the angles, −1 by their negatives: the gradient. */
  direction: 1 | -1
}

/**
 * One implementation of `applyRotary`. A rotation is its own gradient up to the direction, so there is one function.
 */
export interface RotaryKernel extends Kernel<RotaryRequest> {
  /** Rotates every pair of every head: y₁ = x₁ cos θ − x₂ sin θ, y₂ = x₁ sin θ + x₂ cos θ. */
  rotate(inputs: RotaryInputs): tf.Tensor4D
}

/** Options of `applyRotary`. */
export interface RotaryOptions {
  /** Which dimensions form a pair; default `half`. */
  style?: RotaryStyle
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
