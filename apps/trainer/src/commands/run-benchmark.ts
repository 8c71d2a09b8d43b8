import { resolve } from 'node:path'
import type { BenchmarkEvent } from '@swat-js/benchmarks'
import { SwatError, useEngine, type BackendName } from '@swat-js/tensor-core'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { chooseProgress } from '../progress/choose-progress.js'
import type { ProgressEvent } from '../progress/run-event.js'
import { expectWritable } from './expect-writable.js'
import { versions } from '../versions.js'

/** What a benchmark leaves. */
interface BenchmarkResult {
  /** What was measured, as plain data. */
  benchmark: object
  /** The same for people. */
  text: string
  /** The same as a drawing. */
  plot?: () => string
}

/**
 * Runs a benchmark: files are tried before the work starts, progress is shown while it goes on, and at the end the
 * result is printed and written.
 *
 * @param options - backend, and the files to write
 * @param measure - the work, on the engine that is active then
 * @throws SwatError `benchmark` when both files are one, `not-writable` with the reason
 */
export async function runBenchmark(
  options: { backend: BackendName | 'auto'; threads?: number; json?: string; plot?: string },
  measure: (report: (event: BenchmarkEvent | ProgressEvent) => void) => Promise<BenchmarkResult>,
): Promise<void> {
  const { json, plot } = options
  if (json !== undefined && plot !== undefined && resolve(json) === resolve(plot)) {
    throw new SwatError(
      'benchmark',
      `--json and --plot must be different files, but both are ${plot}. Choose two names.`,
    )
  }
  for (const path of [json, plot]) if (path !== undefined) await expectWritable(path)
  const engine = await useEngine({ backend: options.backend, threads: options.threads })
  process.stdout.write(`Engine: ${engine.backend} (${engine.device})\n`)
  for (const { backend, reason } of engine.refused) process.stdout.write(`        not ${backend}: ${reason}\n`)

  const progress = chooseProgress(process.stdout, false)
  let result: BenchmarkResult
  try {
    result = await measure((event) => progress.report(event))
  } finally {
    progress.close()
  }
  process.stdout.write(`${result.text}\n`)
  if (options.json !== undefined) {
    const { describeMachine } = await import('@swat-js/benchmarks/node')
    const record = { machine: describeMachine(engine), versions: versions(), ...result.benchmark }
    await writeFileAtomic(options.json, `${JSON.stringify(record, null, 2)}\n`)
    process.stdout.write(`Written: ${options.json}\n`)
  }
  if (options.plot !== undefined && result.plot !== undefined) {
    await writeFileAtomic(options.plot, result.plot())
    process.stdout.write(`Written: ${options.plot}\n`)
  }
}
