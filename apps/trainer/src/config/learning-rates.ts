import { constantSchedule, cosineSchedule, type LearningRateSchedule } from '@swat-js/tensor-core'
import type { RunConfig } from './run-config.js'

/**
 * The learning rate of every step.
 *
 * @param training - the `training` section
 * @returns learning rate by number of updates done
 */
export function learningRates(training: RunConfig['training']): LearningRateSchedule {
  const { schedule, learningRate, warmupSteps, steps, minimumRatio } = training
  if (schedule === 'constant') return constantSchedule(learningRate)
  return cosineSchedule({ peak: learningRate, warmupSteps, totalSteps: steps, minimumRatio })
}
