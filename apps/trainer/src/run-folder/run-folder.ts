import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import type { RunConfig } from '../config/run-config.js'
import { commandName, shellWord } from '../progress/command-name.js'
import type { RunSummary } from '../progress/run-event.js'
import { lockFolder, lockName } from './lock-folder.js'
import { makeFolder } from './make-folder.js'
import { readRunRecord, type RunRecord } from './run-record.js'
import { writeError } from './write-error.js'

/** A run folder on disk. */
export interface RunFolder {
  /** Where it is. */
  path: string
  /** Where checkpoints go. */
  checkpoints: string
  /** Where metrics go. */
  metrics: string
  /** Where the choices of matrix products go that the run computes with. */
  tuning: string
  /** What config.json held when the folder was opened; null for a new run. */
  record: RunRecord | null
  /** Writes config.json: from now on the folder is a run's. */
  writeRecord(record: RunRecord): Promise<void>
  /** Writes summary.json, or removes it (null) while the run is under way. */
  writeSummary(summary: RunSummary | null): Promise<void>
  /** Lets other processes in; a folder that has not become a run's disappears. */
  close(): Promise<void>
}

/**
 * Where a run lies.
 *
 * @param config - its configuration
 * @param resume - the run folder when it was given explicitly
 */
export function runFolderPath(config: RunConfig, resume: boolean | string): string {
  return typeof resume === 'string' ? resume : join(config.output.folder, config.name)
}

/**
 * Opens the folder of a run to go on with, or makes that of a new run, and keeps other processes out until it is
 * closed.
 *
 * @param path - the folder
 * @param resume - whether the run is there already
 * @throws SwatError `run-exists` for a new run where one is, `run-missing` for an old one where none is, `run-locked`
 * when another process trains there, `run-not-written` when the system refuses
 */
export async function openRunFolder(path: string, resume: boolean): Promise<RunFolder> {
  const record = resume ? await readRunRecord(path) : null
  if (!resume) {
    await expectFree(path)
  } else if (record === null) {
    throw new SwatError('run-missing', `There is no run in ${path} to resume. Leave out --resume to start it.`)
  }
  const made = await makeFolder(path)
  const removeMade = async () => {
    for (const folder of made.reverse()) await rmdir(folder).catch(() => {}) // not empty: somebody else uses it
  }
  const unlock = await lockFolder(path).catch(async (error: unknown) => {
    await removeMade()
    throw error
  })
  let isRun = record !== null
  const writeJson = async (name: string, value: unknown): Promise<void> => {
    const file = join(path, name)
    try {
      await writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`)
    } catch (error) {
      throw writeError(file, error)
    }
  }
  return {
    path,
    checkpoints: join(path, 'checkpoints'),
    metrics: join(path, 'metrics.jsonl'),
    tuning: join(path, 'tuning.json'),
    record,
    async writeRecord(next) {
      await writeJson('config.json', next)
      isRun = true
    },
    writeSummary: (summary) =>
      summary === null ? rm(join(path, 'summary.json'), { force: true }) : writeJson('summary.json', summary),
    async close() {
      await unlock()
      if (!isRun) await removeMade()
    },
  }
}

async function expectFree(path: string): Promise<void> {
  const entries = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw writeError(path, error)
  })
  if (entries.some((name) => name !== lockName)) {
    throw new SwatError(
      'run-exists',
      `${path} exists already. Go on with it by ${commandName(process.env)} train --resume ${shellWord(path)}, ` +
        'or start another run by --name <another name>.',
    )
  }
}
