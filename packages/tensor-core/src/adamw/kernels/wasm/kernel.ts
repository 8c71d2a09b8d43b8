import { asFloat32 } from '../../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor } from '../../../engines/wasm/heap.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import type { AdamWFactors, AdamWKernel, AdamWOutputs, AdamWParameter } from '../../contract.js'
import { adamWModule } from './adamw-module.js'

/**
 * WebAssembly SIMD, one pass over the elements. Into new tensors: TensorFlow.js keeps packed copies of what it has
 * multiplied by, and would not see that a parameter was written to.
 */
export const kernel: AdamWKernel = {
  name: 'wasm',
  supports: simdSupport,

  atOnce: () => 1,
  update: (parameters, factors) => parameters.map((parameter) => updateOne(parameter, factors)),
}

function updateOne(
  { parameter, gradient, firstMoment, secondMoment, weightDecay }: AdamWParameter,
  { gradientScale, learningRate, beta1, beta2, epsilon, step }: AdamWFactors,
): AdamWOutputs {
  const scale = gradientScale ? gradientScale.dataSync()[0] : 1
  if (scale === 0 || !Number.isFinite(scale)) return { parameter, firstMoment, secondMoment }
  const correction = Math.sqrt(1 - beta2 ** step) // √v̂ = √v / correction
  const stepSize = (learningRate * correction) / (1 - beta1 ** step)
  const given = [parameter, gradient, firstMoment, secondMoment].map((tensor) => heapPointer(asFloat32(tensor)))
  const updated = [0, 1, 2].map(() => uninitializedTensor(parameter.shape))
  const pointers = [...given, ...updated.map(heapPointer)]
  const decay = 1 - learningRate * weightDecay
  const numbers = [scale, decay, beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon * correction]
  adamWModule.run('update', {
    items: parameter.size,
    grain: 8192,
    together: 4,
    argumentsFor: (first, count) => [...pointers.map((at) => at + 4 * first), count, ...numbers],
  })
  const [p, m, v] = updated
  return { parameter: p, firstMoment: m, secondMoment: v }
}
