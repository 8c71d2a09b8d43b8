import type { BatchCursor } from '@swat-js/data'
import type { BackendName } from '@swat-js/tensor-core'
import type { BestValidation } from '../progress/run-event.js'
import type { Versions } from '../versions.js'

/** What state.json of a checkpoint holds: where the run stood, besides weights and moments. */
export interface CheckpointState {
  /** Updates done. */
  step: number
  /** Tokens trained on. */
  tokens: number
  /** Seconds of training. */
  seconds: number
  /** Where the batches go on. */
  cursor: BatchCursor
  /** How many bytes of metrics.jsonl belong to these updates. */
  metricsLength: number
  /** Loss of the last update. */
  trainLoss: number | null
  /** The best validation so far. */
  bestValidation: BestValidation | null
  /** Whether the validation and the sample that are due at this step are done; not when the run was stopped there. */
  examined: boolean
  /** In mixed precision, the factor of the loss and the updates since it changed; null otherwise. */
  lossScale: { scale: number; stableSteps: number } | null
  /** The backend that computed it. */
  backend: BackendName
  /** The software that computed it. */
  versions: Versions
}
