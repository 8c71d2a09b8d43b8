import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest, type KernelPolicy } from '../kernels/kernel.js'
import { tf } from '../tf.js'
import type { AdamWFactors, AdamWKernel, AdamWOutputs, AdamWParameter } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Updates parameters by AdamW, in the operation order of PyTorch (spec 5.2): decay `p ← p · (1 − learningRate ·
 * weightDecay)`, moments, then `p ← p − learningRate · m̂ / (√v̂ + epsilon)` with bias-corrected moments.
 *
 * @param parameters - each with its gradient and moments, all of one shape; all but the gradients are consumed
 * @param factors - the numbers of the update
 * @param policy - kernel choice
 * @returns the updated parameters and moments, in the order of the parameters
 */
export function adamWUpdate(
  parameters: readonly AdamWParameter[],
  factors: AdamWFactors,
  policy?: KernelPolicy,
): AdamWOutputs[] {
  const kernel = chooseKernel('adamW', kernels, { ...kernelRequest(policy), count: parameters.length }, policy)
  const atOnce = kernel.atOnce()
  const groups = Array.from({ length: Math.ceil(parameters.length / atOnce) }, (_, i) =>
    parameters.slice(i * atOnce, (i + 1) * atOnce),
  )
  return groups.flatMap((group) => updateGroup(kernel, group, factors))
}

function updateGroup(kernel: AdamWKernel, group: readonly AdamWParameter[], factors: AdamWFactors): AdamWOutputs[] {
  const outputs = tf.tidy(() => kernel.update(group, factors).map((output) => ({ ...output })))
  const returned = new Set(outputs.flatMap((output) => Object.values(output) as tf.Tensor[]))
  for (const { parameter, firstMoment, secondMoment } of group) {
    for (const tensor of [parameter, firstMoment, secondMoment]) if (!returned.has(tensor)) tensor.dispose()
  }
  return outputs
}
