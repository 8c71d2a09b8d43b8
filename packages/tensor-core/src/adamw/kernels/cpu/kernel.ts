import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { AdamWFactors, AdamWKernel, AdamWOutputs, AdamWParameter } from '../../contract.js'

/** The reference: one loop, in double precision. */
export const kernel: AdamWKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  atOnce: () => 1,
  update: (parameters, factors) => parameters.map((parameter) => updateOne(parameter, factors)),
}

function updateOne(
  { parameter, gradient, firstMoment, secondMoment, weightDecay }: AdamWParameter,
  { gradientScale, ...factors }: AdamWFactors,
): AdamWOutputs {
  const scale = gradientScale ? gradientScale.dataSync()[0] : 1
  if (scale === 0 || !Number.isFinite(scale)) return { parameter, firstMoment, secondMoment }
  const { learningRate, beta1, beta2, epsilon, step } = factors
  const [P, G] = [Float32Array.from(parameter.dataSync()), gradient.dataSync()]
  const [M, V] = [Float32Array.from(firstMoment.dataSync()), Float32Array.from(secondMoment.dataSync())]
  for (let i = 0; i < P.length; i++) {
    const g = G[i] * scale
    const m = beta1 * M[i] + (1 - beta1) * g
    const v = beta2 * V[i] + (1 - beta2) * g * g
    const unbiasedM = m / (1 - beta1 ** step)
    const unbiasedV = v / (1 - beta2 ** step)
    P[i] = P[i] * (1 - learningRate * weightDecay) - (learningRate * unbiasedM) / (Math.sqrt(unbiasedV) + epsilon)
    M[i] = m
    V[i] = v
  }
  const { shape } = parameter
  return { parameter: tf.tensor(P, shape), firstMoment: tf.tensor(M, shape), secondMoment: tf.tensor(V, shape) }
}
