import { tf } from '../tf.js'
import { withTapeOff } from './tape.js'

/** What a forward function returns: the output alone, or with tensors that the backward function needs. */
export type ForwardResult =
  | tf.Tensor
  | {
      /** The output. */
      output: tf.Tensor
      /** Intermediates that are kept and handed to the backward function. */
      saved: tf.Tensor[]
    }

/**
 * Runs a forward function and attaches its gradient.
 *
 * The backward function runs with the tape off: TensorFlow.js otherwise records its ops, keeps their operands alive
 * until the whole backward pass ends, and loses the outer tape when it differentiates again inside.
 *
 * @param inputs - the tensors that receive gradients; they are kept for the backward function
 * @param forward - computes the output from the inputs; intermediates are freed
 * @param backward - gradients of the inputs, in their order and shapes, from the gradient of the output
 * @param options - `keepInputs: false` for a backward function that does not read them: it gets none
 * @returns the output, differentiable with respect to `inputs`
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: (inputs: readonly tf.Tensor[]) => ForwardResult,
  backward: (outputGradient: tf.Tensor, inputs: readonly tf.Tensor[], saved: readonly tf.Tensor[]) => tf.Tensor[],
  options: { keepInputs?: boolean } = {},
): tf.Tensor {
  const kept = options.keepInputs === false ? 0 : inputs.length
  const differentiable = tf.customGrad((...args) => {
    const save = args[args.length - 1] as unknown as (tensors: tf.Tensor[]) => void
    const tensors = args.slice(0, inputs.length) as tf.Tensor[]
    const result = forward(tensors)
    const { output, saved } = result instanceof tf.Tensor ? { output: result, saved: [] } : result
    save([...tensors.slice(0, kept), ...saved])
    return {
      value: output,
      gradFunc: (outputGradient: tf.Tensor, tensors: tf.Tensor[]) =>
        withTapeOff(() => backward(outputGradient, tensors.slice(0, kept), tensors.slice(kept))),
    }
  })
  return differentiable(...inputs)
}
