import { normEpsilon, type GlobalNormOptions, type GlobalNormOutputs } from '../global-norm/contract.js'
import { globalNorm } from '../global-norm/global-norm.js'
import { tf } from '../tf.js'

/** The dynamic loss scale, on the device: nobody waits for it. */
export interface LossScale {
  /** Factor of the loss before the backward pass. */
  scale: tf.Scalar
  /** Updates since it last changed. */
  stableSteps: tf.Scalar
}

/** How the loss scale moves. */
export interface LossScaleSettings {
  /** First scale; default 65,536. */
  initial?: number
  /** Updates without an overflow after which it doubles; default 2,000. */
  growthInterval?: number
}

const largest = 2 ** 24 // beyond, a mean loss times the scale is itself near the end of float16

/**
 * The loss scale before the first update.
 *
 * @param settings - see {@link LossScaleSettings}
 * @returns tensors that are the caller's
 */
export function initialLossScale(settings: LossScaleSettings = {}): LossScale {
  return { scale: tf.scalar(settings.initial ?? 2 ** 16), stableSteps: tf.scalar(0) }
}

/**
 * Norm and clipping factor of gradients of a scaled loss, as `globalNorm` gives them for a plain one.
 *
 * @param tensors - the gradients times the scale; they stay the caller's
 * @param lossScale - the scale, on the device
 * @param options - limit of the norm, kernel choice
 * @returns the norm of the unscaled gradients, and the factor that undoes the scale and clips: 0 where the norm is not
 * finite; both are the caller's to dispose
 */
export function scaledGlobalNorm(
  tensors: readonly tf.Tensor[],
  lossScale: LossScale,
  { maxNorm = null, kernels }: Omit<GlobalNormOptions, 'lossScale'> = {},
): GlobalNormOutputs {
  return tf.tidy(() => {
    const scaled = globalNorm(tensors, { kernels })
    const norm = tf.div(scaled.norm, lossScale.scale) as tf.Scalar
    const clipped = maxNorm === null ? tf.scalar(1) : tf.minimum(tf.div(maxNorm, tf.add(norm, normEpsilon)), 1)
    const isFinite = tf.greater(scaled.scale, 0)
    return { norm, scale: tf.where(isFinite, tf.div(clipped, lossScale.scale), tf.scalar(0)) as tf.Scalar }
  })
}

/**
 * Dynamic loss scaling (Micikevicius et al. 2018, arXiv 1710.03740): halved after an update that was left out because a
 * gradient was not finite, doubled after a number of good ones.
 *
 * @param lossScale - consumed: use only what is returned
 * @param gradientScale - as `globalNorm` gave it: 0 where the update was left out
 * @param settings - see {@link LossScaleSettings}
 * @returns the scale of the next update, at least 1
 */
export function nextLossScale(
  lossScale: LossScale,
  gradientScale: tf.Scalar,
  settings: LossScaleSettings = {},
): LossScale {
  const next = tf.tidy(() => {
    const isGood = tf.greater(gradientScale, 0)
    const stable = tf.add(lossScale.stableSteps, 1)
    const grows = tf.greaterEqual(stable, settings.growthInterval ?? 2000)
    const grown = tf.where(grows, tf.minimum(tf.mul(lossScale.scale, 2), largest), lossScale.scale)
    const shrunk = tf.maximum(tf.mul(lossScale.scale, 0.5), 1)
    const none = tf.scalar(0)
    return {
      scale: tf.where(isGood, grown, shrunk) as tf.Scalar,
      stableSteps: tf.where(isGood, tf.where(grows, none, stable), none) as tf.Scalar,
    }
  })
  tf.dispose([lossScale.scale, lossScale.stableSteps])
  return next
}
