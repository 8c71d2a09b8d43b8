import { splitDocuments, type DocumentSplit } from '@swat-js/data'
import { readDocuments, type DocumentSource } from '@swat-js/data/node'
import type { DataSettings, RunConfig } from '../config/run-config.js'

/**
 * Reads the text of a run and holds a part of it out.
 *
 * @param config - the sections of a run's configuration that decide it
 * @returns what the model learns from, and what it is measured on
 * @throws DataError when the text cannot be read or is too short
 */
export async function readSplit(config: Pick<RunConfig, 'data' | 'split' | 'seed'>): Promise<DocumentSplit> {
  const documents = await readDocuments(documentSource(config.data))
  // as prepared sets have none: an empty document is nothing to learn from
  const withText = documents.filter(({ text }) => text !== '')
  return splitDocuments(withText, { ...config.split, seed: config.seed })
}

/**
 * Where the section `data` says that documents are.
 *
 * @param data - the section; not one with `shards`
 */
export function documentSource(data: DataSettings): DocumentSource {
  const { path, module, hub, revision, files, format, textField, recordsPath, missingText, invalidText } = data
  if (module !== undefined) return { module, textField, missingText, invalidText }
  const reading = { format, textField, missingText, invalidText, ...(recordsPath !== undefined && { recordsPath }) }
  if (hub === undefined) return { path: path ?? [], ...reading }
  const { HF_TOKEN: token, HF_ENDPOINT: endpoint } = process.env
  return {
    hub,
    ...reading,
    ...(revision !== undefined && { revision }),
    ...(files !== undefined && { files }),
    ...(token !== undefined && { token }),
    ...(endpoint !== undefined && { endpoint }),
  }
}
