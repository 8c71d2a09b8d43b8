import { SwatError } from '@swat-js/tensor-core'
import type { RunRecord } from '../run-folder/run-record.js'
import { resumeDifferences } from './resume-differences.js'

/**
 * Makes sure that a run goes on as what it is.
 *
 * @param before - what the run folder says
 * @param now - what the run would go on with; the text may still be unknown
 * @throws SwatError `resume-refused` that names what differs
 */
export function expectSameRun(before: RunRecord, now: Pick<RunRecord, 'config'> & Partial<RunRecord>): void {
  const differences = resumeDifferences(before.config, now.config)
  if (now.text && before.text.digest !== now.text.digest) {
    const [then, today] = [before.text, now.text].map((text) => `${text.trainTokens} + ${text.validationTokens} tokens`)
    differences.push(`the text itself (was ${then}, now ${today})`)
  }
  if (differences.length === 0) return
  throw new SwatError(
    'resume-refused',
    `The run cannot be resumed with another configuration. What differs: ${differences.join('; ')}. ` +
      'Restore these, or start a new run with --name.',
  )
}
