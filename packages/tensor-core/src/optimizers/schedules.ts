import { SwatError } from '../swat-error.js'

/** The learning rate of an update; `step` counts updates from 0. */
export type LearningRateSchedule = (step: number) => number

/** Settings of {@link cosineSchedule}. */
export interface CosineSettings {
  /** Learning rate at the end of the warm-up. */
  peak: number
  /** Updates of linear warm-up from 0. */
  warmupSteps: number
  /** Updates in all, warm-up included; later ones stay at the minimum. */
  totalSteps: number
  /** Final learning rate divided by `peak`. */
  minimumRatio: number
}

/** Settings of {@link nanoGptSchedule}: nanoGPT's `learning_rate`, `min_lr`, `warmup_iters`, `lr_decay_iters`. */
export interface NanoGptSettings {
  /** Learning rate at the end of the warm-up. */
  peak: number
  /** Learning rate from `decaySteps` on. */
  minimum: number
  /** Updates of linear warm-up from 0. */
  warmupSteps: number
  /** The update at which the minimum is reached. */
  decaySteps: number
}

/**
 * The same learning rate in every update.
 *
 * @param learningRate - the learning rate
 * @returns the schedule
 */
export function constantSchedule(learningRate: number): LearningRateSchedule {
  return () => learningRate
}

/**
 * Linear warm-up, then half a cosine down to a minimum: `cosine_with_min_lr` of Hugging Face (spec 5.1). The first
 * update of a warm-up has learning rate 0.
 *
 * @param settings - see {@link CosineSettings}
 * @returns the schedule
 * @throws SwatError `schedule` when the warm-up is longer than the whole
 */
export function cosineSchedule({ peak, warmupSteps, totalSteps, minimumRatio }: CosineSettings): LearningRateSchedule {
  expectOrder('cosineSchedule', 'totalSteps', warmupSteps, totalSteps)
  return (step) => {
    if (step < warmupSteps) return (peak * step) / warmupSteps
    return peak * (minimumRatio + (1 - minimumRatio) * halfCosine(step, warmupSteps, totalSteps))
  }
}

/**
 * Linear warm-up, then half a cosine down to a minimum, as nanoGPT's `get_lr` (spec 5.2).
 *
 * @param settings - see {@link NanoGptSettings}
 * @returns the schedule
 * @throws SwatError `schedule` when the warm-up is longer than the decay
 */
export function nanoGptSchedule({ peak, minimum, warmupSteps, decaySteps }: NanoGptSettings): LearningRateSchedule {
  expectOrder('nanoGptSchedule', 'decaySteps', warmupSteps, decaySteps)
  return (step) => {
    if (step < warmupSteps) return (peak * step) / warmupSteps
    return minimum + (peak - minimum) * halfCosine(step, warmupSteps, decaySteps)
  }
}

/** 1 at `start`, 0 from `end` on. */
function halfCosine(step: number, start: number, end: number): number {
  if (step >= end) return 0
  return 0.5 * (1 + Math.cos((Math.PI * (step - start)) / (end - start)))
}

function expectOrder(caller: string, name: string, warmupSteps: number, end: number): void {
  if (warmupSteps >= 0 && warmupSteps <= end) return
  throw new SwatError(
    'schedule',
    `${caller}: warmupSteps must be from 0 to ${name}, but warmupSteps is ${warmupSteps} and ${name} is ${end}.`,
  )
}
