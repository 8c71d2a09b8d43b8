import { matMulChoices, useMatMulChoices, type Engine, type MatMulShape } from '@swat-js/tensor-core'
import { keepMatMulChoices, matMulChoicesFile, readMatMulChoices, tuneMatMulOnce } from '@swat-js/tensor-core/node'
import type { EngineSettings } from '../config/run-config.js'
import type { RunEvent } from '../progress/run-event.js'
import { writeError } from '../run-folder/write-error.js'

/** What {@link tuneProducts} is told. */
interface TuneProductsOptions {
  /** What computes. */
  engine: Engine
  /** As configured. */
  settings: EngineSettings
  /** File of the run folder with the choices that the run uses. */
  file: string
  /** The matrix products of a step. */
  products: () => MatMulShape[]
  /** Is told what was chosen. */
  report: (event: RunEvent) => void
  /** When it aborts, tuning ends. */
  signal: AbortSignal | undefined
}

/**
 * Decides how the matrix products of a run's steps are computed: as the run folder says, so that a resumed run computes
 * the same numbers, else by tuning where that is asked for, else by the rule. What was chosen is noted in the folder.
 *
 * @param options - see {@link TuneProductsOptions}
 * @throws the signal's reason when it aborts; SwatError `tuning` when a file holds something else, `run-not-written`
 */
export async function tuneProducts(options: TuneProductsOptions): Promise<void> {
  const { engine, settings, file, products, report, signal } = options
  if (engine.backend !== 'webgpu') {
    if (settings.tune) notice(report, `engine.tune is for the webgpu engine; ${engine.backend} computes as ever.`)
    return
  }
  const noted = await readMatMulChoices(file)
  const kept = useMatMulChoices(noted, { ofOldLists: true })
  const ofDevice = noted.filter(({ device }) => device === engine.device).length
  if (noted.length > 0 && (ofDevice === 0 || kept.length < ofDevice)) {
    notice(report, 'The run was tuned on another device or by another version: last digits will differ.')
  }
  if (settings.tune) {
    await tuneMatMulOnce(products(), settings.tuningFile ?? matMulChoicesFile(), {
      report({ done, total }) {
        signal?.throwIfAborted()
        report({ event: 'progress', task: 'tuning', done, total })
      },
    })
    await keepMatMulChoices(file, matMulChoices()).catch((error: unknown) => {
      throw writeError(file, error)
    })
  }
  if (matMulChoices().length > 0) report({ event: 'tuning', choices: matMulChoices() })
}

function notice(report: TuneProductsOptions['report'], text: string): void {
  report({ event: 'notice', text })
}
