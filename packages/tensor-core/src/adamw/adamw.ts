import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest, type KernelPolicy } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { AdamWInputs, AdamWOutputs } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Updates one parameter by AdamW, in the operation order of PyTorch (spec 5.2): decay `p ← p · (1 − learningRate ·
 * weightDecay)`, moments, then `p ← p − learningRate · m̂ / (√v̂ + epsilon)` with bias-corrected moments.
 *
 * @param inputs - parameter, gradient and moments of one shape, and the numbers of the update; all tensors but the
 * gradient are consumed
 * @param policy - kernel choice
 * @returns the updated parameter and moments
 */
export function adamWUpdate(inputs: AdamWInputs, policy?: KernelPolicy): AdamWOutputs {
  const { parameter, firstMoment, secondMoment } = inputs
  const request = { ...kernelRequest(policy), size: parameter.size }
  const kernel = chooseKernel('adamW', kernels, request, policy)
  const outputs = tf.tidy(() => ({ ...kernel.update(inputs) }))
  const returned = new Set(Object.values(outputs))
  for (const tensor of [parameter, firstMoment, secondMoment]) if (!returned.has(tensor)) tensor.dispose()
  return outputs
}
