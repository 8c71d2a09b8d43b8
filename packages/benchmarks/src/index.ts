/**
 * Speed and memory of SWAT models: cases timed side by side, training steps, operation counts.
 *
 * @module @swat-js/benchmarks
 */
export { compareInterleaved } from './timing/compare-interleaved.js'
export type { TimedCase, TimedResult } from './timing/compare-interleaved.js'
export { median } from './timing/median.js'
export { measureTrainingStep } from './training/measure-training-step.js'
export type { TrainingMeasurement, TrainingSpeed } from './training/measure-training-step.js'
export { trainingCost } from './training/training-cost.js'
export type { TrainingCost } from './training/training-cost.js'
