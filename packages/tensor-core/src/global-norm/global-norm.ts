import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import type { GlobalNormOptions, GlobalNormOutputs } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * The norm of all elements of all tensors, and from it the factor that clips gradients, without waiting for either:
 * `adamW(…).update` takes the factor as a tensor, and changes nothing where it is 0 (spec 5.2).
 *
 * Kernels but the reference add up squares of `x / lossScale` in float32: right for norms from 1e-14 to 1e19, beyond
 * which a norm counts as 0 or infinite.
 *
 * @param tensors - float32, of any shapes, for example gradients; they stay the caller's
 * @param options - limit of the norm, scale of the loss, kernel choice
 * @returns `norm = √(Σ x²) / lossScale` and `scale = min(1, maxNorm / (norm + 1e-6)) / lossScale`, 0 where the norm is
 * not finite; both are the caller's to dispose
 * @throws SwatError `dtype` when a tensor is not float32, `optimizer` when an option is not a number above 0
 */
export function globalNorm(tensors: readonly tf.Tensor[], options: GlobalNormOptions = {}): GlobalNormOutputs {
  const { maxNorm = null, lossScale = 1 } = options
  const foreign = tensors.find(({ dtype }) => dtype !== 'float32')
  if (foreign) {
    throw new SwatError('dtype', `globalNorm: tensors must be float32, but one is ${foreign.dtype}. Cast it.`)
  }
  expectPositive('lossScale', lossScale, 'Leave it out where the loss was not scaled.')
  if (maxNorm !== null) expectPositive('maxNorm', maxNorm, 'Use null for no limit.')
  const request = { ...kernelRequest(options.kernels), count: tensors.length }
  const kernel = chooseKernel('globalNorm', kernels, request, options.kernels)
  const filled = tensors.filter(({ size }) => size > 0)
  return tf.tidy(() => ({ ...kernel.measure({ tensors: filled, maxNorm, lossScale }) }))
}

function expectPositive(name: string, value: number, wayOut: string): void {
  if (value > 0 && Number.isFinite(value)) return
  throw new SwatError('optimizer', `globalNorm: ${name} must be a number above 0, but is ${value}. ${wayOut}`)
}
