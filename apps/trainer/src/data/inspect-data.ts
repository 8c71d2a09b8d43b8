import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  byteTokenizer,
  inspectDocuments,
  inspectTokens,
  type DataInspection,
  type Document,
  type DocumentInput,
  type InspectionOptions,
} from '@swat-js/data'
import { openShards, openSource, readTokenizer, type DocumentSource } from '@swat-js/data/node'

/** What was found in one part. */
export interface NamedInspection {
  /** The part, for example `tokens, train`. */
  name: string
  /** What it is like. */
  inspection: DataInspection
}

type Report = (done: number, total: number) => void

/**
 * Whether a path is the folder of a set that `swat data prepare` finished. So is one whose manifest is damaged, but not
 * a folder of texts with a manifest of something else.
 */
export async function isPreparedSet(path: string): Promise<boolean> {
  const text = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => null)
  if (text === null) return false
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === 'swat-token-shards'
  } catch {
    return (await stat(join(path, 'tokenizer.json')).catch(() => null)) !== null
  }
}

/**
 * Looks at the documents of a prepared set.
 *
 * @param folder - the folder of the set
 * @param split - one part, or null for all
 * @param options - samples, limit, seed
 * @param report - called as documents are done
 * @returns one inspection for each part
 * @throws DataError what `openShards` and `readTokenizer` throw
 */
export async function inspectSet(
  folder: string,
  split: 'train' | 'validation' | 'test' | null,
  options: InspectionOptions,
  report: Report,
): Promise<NamedInspection[]> {
  const names = split === null ? (['train', 'validation', 'test'] as const) : [split]
  const found: NamedInspection[] = []
  for (const name of names) {
    if (split === null && name !== 'train' && !hasSplit(folder, name)) continue
    const source = openShards(folder, { split: name })
    try {
      const tokenizer = await readTokenizer(source.tokenizerPath)
      const total = Math.min(source.documentCount, options.limit ?? Infinity)
      const inspection = await inspectTokens(source, tokenizer, source.manifest.endOfDocument?.id ?? null, {
        ...options,
        onProgress: (documents) => documents % 100 === 0 && report(documents, total),
      })
      found.push({ name: `${folder}, ${name}`, inspection })
    } finally {
      source.close()
    }
  }
  return found
}

function hasSplit(folder: string, split: 'validation' | 'test'): boolean {
  const source = openShards(folder, { split: 'train' })
  source.close()
  return source.manifest.splits[split] !== undefined
}

/**
 * Looks at documents that are no set.
 *
 * @param source - where they are
 * @param tokenizer - path of a tokenizer.json, `byte`, or null to count no tokens
 * @param options - samples, limit, seed
 * @param report - called as bytes of the files are done
 * @returns one inspection
 * @throws DataError what reading throws
 */
export async function inspectInputs(
  source: DocumentSource,
  tokenizer: string | null,
  options: InspectionOptions,
  report: Report,
): Promise<NamedInspection[]> {
  const loaded = tokenizer === null ? null : tokenizer === 'byte' ? byteTokenizer() : await readTokenizer(tokenizer)
  const inputs = await openSource(source)
  const inspection = await inspectDocuments(documentsOf(inputs, report), loaded, options)
  const name = inputs.length === 1 ? inputs[0].name : `${inputs.length} files`
  return [{ name, inspection }]
}

async function* documentsOf(inputs: readonly DocumentInput[], report: Report): AsyncGenerator<Document> {
  const total = inputs.reduce((sum, { byteLength }) => sum + (byteLength ?? NaN), 0)
  let before = 0
  for (const input of inputs) {
    yield* input.documents((read) => Number.isFinite(total) && report(before + read, total))
    before += input.byteLength ?? 0
  }
}
