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
  const asList = (result: ForwardResult) =>
    result instanceof tf.Tensor ? { outputs: [result], saved: [] } : { outputs: [result.output], saved: result.saved }
  const [output] = withGradients(
    inputs,
    (tensors) => asList(forward(tensors)),
    ([outputGradient], ...rest) => backward(outputGradient, ...rest),
    options,
  )
  return output
}

/**
 * {@link withGradient} for a function of several outputs.
 *
 * @param inputs - the tensors that receive gradients; they are kept for the backward function
 * @param forward - computes the outputs from the inputs, none of them an input itself; intermediates are freed
 * @param backward - gradients of the inputs, in their order and shapes, from the gradients of the outputs; of an output
 * that nothing was made of, zeros
 * @param options - `keepInputs: false` for a backward function that does not read them: it gets none
 * @returns the outputs, differentiable with respect to `inputs`
 */
export function withGradients(
  inputs: readonly tf.Tensor[],
  forward: (inputs: readonly tf.Tensor[]) => { outputs: tf.Tensor[]; saved: tf.Tensor[] },
  backward: (
    outputGradients: readonly tf.Tensor[],
    inputs: readonly tf.Tensor[],
    saved: readonly tf.Tensor[],
  ) => tf.Tensor[],
  options: { keepInputs?: boolean } = {},
): tf.Tensor[] {
  const kept = options.keepInputs === false ? [] : inputs
  return (tf.engine() as unknown as CustomOps).runKernelFunc({
    inputs: { ...inputs },
    forwardFunc: (_, save) => {
      const { outputs, saved } = forward(inputs)
      save([...kept, ...saved])
      return outputs
    },
    backwardsFunc: (gradients, tensors) => {
      const outputGradients = Array.isArray(gradients) ? gradients : [gradients]
      const ofInputs = withTapeOff(() =>
        backward(outputGradients, tensors.slice(0, kept.length), tensors.slice(kept.length)),
      )
      return Object.fromEntries(ofInputs.map((gradient, i) => [i, () => gradient]))
    },
  })
}

/** What `tf.customGrad` calls; that allows only one output. */
interface CustomOps {
  runKernelFunc(op: {
    inputs: Record<number, tf.Tensor>
    forwardFunc(backend: unknown, save: (tensors: tf.Tensor[]) => void): tf.Tensor[]
    /** Gets the gradient alone where there is one output. */
    backwardsFunc(gradients: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): Record<number, () => tf.Tensor>
  }): tf.Tensor[]
}
