import { splitDocuments, type DocumentSplit } from '@swat-js/data'
import { readDocuments, type DocumentSource } from '@swat-js/data/node'
import type { RunConfig } from '../config/run-config.js'

/**
 * Reads the text of a run and holds a part of it out.
 *
 * @param config - the sections of a run's configuration that decide it
 * @returns what the model learns from, and what it is measured on
 * @throws DataError when the text cannot be read or is too short
 */
export async function readSplit(config: Pick<RunConfig, 'data' | 'split' | 'seed'>): Promise<DocumentSplit> {
  return splitDocuments(await readDocuments(runSource(config.data)), { ...config.split, seed: config.seed })
}

/**
 * Where the text of a run comes from.
 *
 * @param data - the `data` section
 */
export function runSource({ path, module, format, textField }: RunConfig['data']): DocumentSource {
  return path === undefined ? { module: module ?? '', textField } : { path, format, textField }
}
