import { tf } from '../../tf.js'

/**
 * A tensor in the type that our WebAssembly modules read.
 *
 * @param tensor - any numeric tensor
 * @returns the tensor itself when it is float32, else a float32 copy, subject to `tf.tidy`
 */
export function asFloat32<T extends tf.Tensor>(tensor: T): T {
  return tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32')
}
