import { supported } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { AdamWFactors, AdamWKernel, AdamWOutputs, AdamWParameter } from '../../contract.js'

/** TensorFlow.js ops only. The bias corrections go into the numbers, which saves two passes over the tensors. */
export const kernel: AdamWKernel = {
  name: 'composite',
  supports: () => supported,

  atOnce: () => 1,
  update: (parameters, factors) => parameters.map((parameter) => updateOne(parameter, factors)),
}

function updateOne(
  { parameter, firstMoment, secondMoment, weightDecay, ...given }: AdamWParameter,
  { gradientScale, learningRate, beta1, beta2, epsilon, step }: AdamWFactors,
): AdamWOutputs {
  const gradient = scaled(given.gradient, gradientScale)
  const correction = Math.sqrt(1 - beta2 ** step) // √v̂ = √v / correction
  const stepSize = (learningRate * correction) / (1 - beta1 ** step)
  const m = average(firstMoment, beta1, gradient)
  const v = average(secondMoment, beta2, tf.square(gradient))
  const change = tf.div(tf.mul(m, stepSize), tf.add(tf.sqrt(v), epsilon * correction))
  const decayed = weightDecay === 0 ? parameter : tf.mul(parameter, 1 - learningRate * weightDecay)
  const updated = { parameter: tf.sub(decayed, change), firstMoment: m, secondMoment: v }
  if (gradientScale === null) return updated
  const counts = tf.logicalAnd(tf.isFinite(gradientScale), tf.notEqual(gradientScale, 0))
  return {
    parameter: tf.where(counts, updated.parameter, parameter),
    firstMoment: tf.where(counts, m, firstMoment),
    secondMoment: tf.where(counts, v, secondMoment),
  }
}

function scaled(gradient: tf.Tensor, scale: tf.Scalar | null): tf.Tensor {
  return scale ? tf.mul(gradient, scale) : gradient
}

function average(moment: tf.Tensor, beta: number, sample: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(moment, beta), tf.mul(sample, 1 - beta))
}
