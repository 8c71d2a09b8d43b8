import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SwatConfig } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import type { RunConfig } from '../config/run-config.js'
import type { RunData } from '../text/run-data.js'
import { versions, type Versions } from '../versions.js'

/** What config.json of a run folder holds. */
export interface RunRecord {
  /** What computed the run. */
  versions: Versions
  /** The run's seed. */
  seed: number
  /** The complete configuration. */
  config: RunConfig
  /** The complete configuration of the model. */
  model: SwatConfig
  /** The text, so that a changed one is noticed. */
  text: {
    /** Tokens to train on. */
    trainTokens: number
    /** Tokens held out. */
    validationTokens: number
    /** SHA-256 of both rows of tokens, or of the checksums of their shards. */
    digest: string
  }
}

/**
 * Records what a run is made of.
 *
 * @param config - the complete configuration
 * @param model - the model that follows from it
 * @param data - its text
 */
export function makeRunRecord(
  config: RunConfig,
  model: SwatConfig,
  data: Pick<RunData, 'trainTokens' | 'heldOut' | 'digest'>,
): RunRecord {
  const text = { trainTokens: data.trainTokens, validationTokens: data.heldOut.length, digest: data.digest }
  return { versions: versions(), seed: config.seed, config, model, text }
}

/**
 * Reads config.json of a run folder.
 *
 * @param folder - the run folder
 * @returns what it holds, or null when there is none
 * @throws SwatError `run-missing` when the file is not that of a run
 */
export async function readRunRecord(folder: string): Promise<RunRecord | null> {
  const file = join(folder, 'config.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw new SwatError('run-missing', `${file} cannot be read (${error.code}).`, { cause: error })
  })
  if (text === null) return null
  const record = parseJson(text) as Partial<RunRecord> | null
  if (record?.config === undefined || record.versions === undefined || record.text === undefined) {
    throw new SwatError('run-missing', `${file} is not the config.json of a run. Give the folder of a run.`)
  }
  return record as RunRecord
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
