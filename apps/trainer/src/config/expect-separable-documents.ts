import type { SwatConfig } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import type { TrainingSettings } from './run-config.js'

/**
 * Makes sure that a model can keep documents apart that lie side by side.
 *
 * @param model - the complete model
 * @param documents - `training.documents`
 * @throws SwatError `config` for a recurrence or sinks with `aligned` documents
 */
export function expectSeparableDocuments(
  { mixer, sinks }: Pick<SwatConfig, 'mixer' | 'sinks'>,
  documents: TrainingSettings['documents'],
): void {
  if (documents === 'packed' || (mixer === 'attention' && sinks === 0)) return
  const reason =
    mixer === 'attention'
      ? `only the first document of a row would have the model's ${sinks} sink(s)`
      : `the state of ${mixer} goes on from one document to the next`
  throw new SwatError('config', `training.documents: expected packed, got aligned: ${reason}.`)
}
