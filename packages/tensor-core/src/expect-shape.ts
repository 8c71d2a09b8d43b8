import { SwatError } from './swat-error.js'
import type { tf } from './tf.js'

/**
 * Throws unless a tensor has the expected shape.
 *
 * @param caller - the public function that checks, named in the message
 * @param name - the argument, named in the message
 * @param tensor - what came
 * @param shape - expected length of each axis; a string stands for an axis of any length and names it
 * @throws SwatError `shape` when rank or an axis differs
 */
export function expectShape(
  caller: string,
  name: string,
  tensor: tf.Tensor,
  shape: readonly (number | string)[],
): void {
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((axis, i) => typeof axis === 'string' || axis === tensor.shape[i])
  if (!fits) {
    throw new SwatError(
      'shape',
      `${caller}: ${name} must have shape [${shape.join(', ')}], but has [${tensor.shape.join(', ')}].`,
    )
  }
}
