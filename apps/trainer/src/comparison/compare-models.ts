import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComparedModel } from '@swat-js/benchmarks'
import { parameterCount } from '@swat-js/models'
import { disposeParameters, SwatError, useEngine } from '@swat-js/tensor-core'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { resolveModel, type ModelSettings } from '../config/resolve-model.js'
import { resolveRunConfig } from '../config/resolve-run-config.js'
import type { RunConfig } from '../config/run-config.js'
import { scoreText } from '../evaluation/score-text.js'
import type { RunEvent, RunSummary } from '../progress/run-event.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { readRunSummary } from '../run-folder/run-summary.js'
import { trainRun } from '../run.js'
import { heldOutTokens } from '../text/held-out-tokens.js'
import { comparedModels } from './compared-models.js'
import { matchParameters } from './match-parameters.js'

/** What {@link compareModels} trains. */
export interface CompareModelsOptions {
  /** The recipe of all runs; its model is the one whose number of parameters the others get. */
  config: RunConfig
  /** Names of `comparedModels`. */
  models: readonly string[]
  /** Each model is trained with each of these and the best is told. */
  learningRates: readonly number[]
  /** Called with a sentence about each run: that it begins, is there already, or has failed. */
  onNotice?: (text: string) => void
  /** Called with everything that happens in a run. */
  report?: (event: RunEvent) => void
  /** Ends the comparison when it aborts; what is finished stays and is not trained again. */
  signal?: AbortSignal
}

/**
 * Trains models on the same tokens with the same number of parameters, each in a run folder of its own; runs that are
 * finished already are not trained again.
 *
 * @param options - see {@link CompareModelsOptions}
 * @returns one row for each model, the best first; models of which no run was finished are left out
 * @throws SwatError `config` when a name is unknown or there is no learning rate, and whatever a run throws
 */
export async function compareModels(options: CompareModelsOptions): Promise<ComparedModel[]> {
  const { config, models, learningRates, onNotice, signal } = options
  const unknown = models.find((name) => !Object.hasOwn(comparedModels, name))
  if (unknown !== undefined) {
    const known = Object.keys(comparedModels).join(', ')
    throw new SwatError('config', `compareModels: there is no model '${unknown}'. Choose among ${known}.`)
  }
  if (models.length === 0 || learningRates.length === 0) {
    throw new SwatError('config', 'compareModels: expected at least one model and one learning rate.')
  }
  const runs = models.flatMap((model) => learningRates.map((learningRate) => ({ model, learningRate })))
  const rows = new Map<string, ComparedModel>()
  for (const [done, { model, learningRate }] of runs.entries()) {
    signal?.throwIfAborted()
    const run = runConfig(config, model, learningRate)
    const folder = join(run.output.folder, run.name)
    const record = await readRunRecord(folder)
    const old = record && (await readRunSummary(folder))
    onNotice?.(`Run ${done + 1} of ${runs.length}: ${run.name}${old ? ', finished before' : ''}`)
    const summary = old ?? (await trainUnlessItDiverges(run, record !== null, options))
    if (summary?.reason === 'interrupted') break
    const row = summary && (await rowOf(model, learningRate, summary, run))
    const best = rows.get(model)
    if (row && !(best && best.bitsPerByte <= row.bitsPerByte)) rows.set(model, row)
  }
  return [...rows.values()].sort((a, b) => a.bitsPerByte - b.bitsPerByte)
}

/** A loss that is not finite is a result, too: the learning rate is too high for that model. */
async function trainUnlessItDiverges(
  run: RunConfig,
  resume: boolean,
  { report, signal, onNotice }: CompareModelsOptions,
): Promise<RunSummary | null> {
  try {
    return await trainRun(run, { resume, ...(report && { report }), ...(signal && { signal }) })
  } catch (error) {
    if (!(error instanceof SwatError && error.code.startsWith('non-finite'))) throw error
    onNotice?.(error.message)
    return null
  }
}

function runConfig(config: RunConfig, name: string, learningRate: number): RunConfig {
  const vocabSize = config.tokenizer.vocabSize ?? 256 // of a file's: about the same rows in all models
  const target = parameterCount(resolveModel(config.model, vocabSize)).total
  const model = { ...config.model, ...comparedModels[name] } as ModelSettings
  return resolveRunConfig({
    ...config,
    name: `${name}-${learningRate}`.replaceAll('+', 'plus'),
    model: matchParameters(model, target, vocabSize),
    training: { ...config.training, learningRate },
  })
}

async function rowOf(
  model: string,
  learningRate: number,
  summary: RunSummary,
  run: RunConfig,
): Promise<ComparedModel | null> {
  const { parameters, bitsPerByte, gzipBitsPerByte, tokens, tokensPerSecond, backend, checkpoint } = summary
  if (bitsPerByte === null || gzipBitsPerByte === null || checkpoint === null) return null
  return {
    ...{ model, parameters, learningRate, tokens, tokensPerSecond, backend, gzipBitsPerByte },
    bitsPerByte: await bitsInPieces(join(run.output.folder, run.name), checkpoint, run),
    streamBitsPerByte: bitsPerByte,
  }
}

/** Bits per byte of the held-out text in pieces as long as training sequences; kept beside the run's summary. */
async function bitsInPieces(folder: string, checkpoint: string, run: RunConfig): Promise<number> {
  const file = join(folder, 'pieces.json')
  const kept = await readFile(file, 'utf8').catch(() => null)
  if (kept !== null) return (JSON.parse(kept) as { bitsPerByte: number }).bitsPerByte
  await useEngine(run.engine)
  const speaker = await readCheckpoint(checkpoint)
  try {
    const tokens = await heldOutTokens(run, speaker.tokenizer)
    const limit = run.validation.finalTokens
    const { bitsPerByte } = await scoreText(speaker, tokens, { limit, pieceLength: run.training.length })
    await writeFileAtomic(file, `${JSON.stringify({ bitsPerByte })}\n`)
    return bitsPerByte
  } finally {
    disposeParameters(speaker.parameters)
  }
}
