import { SwatError } from '@swat-js/tensor-core'

const waysOut: Readonly<Record<string, string>> = {
  'non-finite-loss': 'A lower training.learningRate or training.clip, or more training.warmupSteps, usually helps.',
  gpu:
    'Go on from it with --resume. If the device was out of memory, lower training.batchSize and raise ' +
    'training.accumulation, or set training.checkpointActivations.',
}

/**
 * Says at which step a run failed and what is left of it.
 *
 * @param error - what happened
 * @param step - the step that was not completed
 * @param checkpoint - the last checkpoint, or null
 * @returns for a loss that is not finite and a device that failed an error with the way out; any other error unchanged
 */
export function describeFailure(error: unknown, step: number, checkpoint: string | null): unknown {
  if (!(error instanceof SwatError) || !(error.code in waysOut)) return error
  const left = checkpoint === null ? 'There is no checkpoint before it.' : `The last good checkpoint is ${checkpoint}.`
  return new SwatError(
    error.code,
    `The run stopped at step ${step}: ${error.message.replace(/^\w+: /, '')} ${left} ` + waysOut[error.code],
    { cause: error },
  )
}
