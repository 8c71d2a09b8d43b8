import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { huggingFaceFiles, type EndOfDocument } from '@swat-js/models'
import {
  disposeParameters,
  flattenParameters,
  safetensorsFromFloat32,
  SwatError,
  type FloatDtype,
  type SafetensorsEntry,
} from '@swat-js/tensor-core'
import { writeShardedSafetensors } from '@swat-js/tensor-core/node'
import { findCheckpoint } from '../checkpoints/find-checkpoint.js'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { readRunRecord } from '../run-folder/run-record.js'

/** How {@link exportRun} writes. */
export interface ExportOptions {
  /** A run folder, for its latest checkpoint, or a checkpoint. */
  run: string
  /** The folder to make. */
  to: string
  /** Type of the weights; default F32. */
  dtype?: FloatDtype
  /** Weights beyond this size go to several files; default 5 GB. */
  maxShardBytes?: number
  /** Replace a folder that is an export already; default false. */
  force?: boolean
}

/** What {@link exportRun} wrote. */
export interface ExportResult {
  /** The checkpoint it was made from. */
  checkpoint: string
  /** Names of the files with weights, and the index where there are several. */
  weights: string[]
}

/**
 * Writes a trained model as a folder that transformers loads. The folder is there as a whole or not at all.
 *
 * @param options - see {@link ExportOptions}
 * @returns what was written
 * @throws SwatError `export` when the folder holds something else, `config` for a model with a recurrence,
 * `safetensors` when a weight does not fit its type, `checkpoint` when the run cannot be read
 */
export async function exportRun({ run, to, dtype, maxShardBytes = 5e9, force }: ExportOptions): Promise<ExportResult> {
  const checkpoint = await findCheckpoint(run)
  const target = resolve(to)
  const isThere = await expectFree(target, to, force === true)
  const { parameters, model, tokenizer } = await readCheckpoint(checkpoint)
  const aside = join(dirname(target), `.${basename(target)}.exporting-${process.pid}`)
  try {
    const texts = huggingFaceFiles(model, {
      ...(dtype && { dtype }),
      endOfDocument: await endOfDocument(checkpoint, tokenizer.specialTokens),
      name: basename(target),
    })
    await mkdir(aside, { recursive: true })
    for (const [name, text] of Object.entries(texts)) await writeFile(join(aside, name), text)
    await writeFile(join(aside, 'tokenizer.json'), `${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`)
    const entries: [string, SafetensorsEntry][] = []
    for (const [name, tensor] of flattenParameters(parameters)) {
      entries.push([name, safetensorsFromFloat32(await tensor.data<'float32'>(), tensor.shape, dtype ?? 'F32')])
    }
    const weights = await writeShardedSafetensors(aside, entries, { metadata: { format: 'pt' }, maxShardBytes })
    await replace(aside, target, isThere)
    return { checkpoint, weights }
  } finally {
    disposeParameters(parameters)
    await rm(aside, { recursive: true, force: true })
  }
}

/** Puts a folder in the place of another, which is back where it was should that fail. */
async function replace(source: string, target: string, isThere: boolean): Promise<void> {
  if (!isThere) return rename(source, target)
  const old = join(dirname(target), `.${basename(target)}.replaced-${process.pid}`)
  await rename(target, old)
  try {
    await rename(source, target)
  } catch (error) {
    await rename(old, target)
    throw error
  }
  await rm(old, { recursive: true })
}

/** Whether the target is there, and may be replaced. */
async function expectFree(target: string, written: string, force: boolean): Promise<boolean> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new SwatError('export', `${written} cannot be written (${error.code}). Choose another folder.`)
  })
  if (names === null || names.length === 0) return names !== null
  const isExport = names.includes('modeling_swat.py') && names.includes('config.json')
  if (isExport && force) return true
  throw new SwatError(
    'export',
    isExport
      ? `${written} is an export already. Add --force to replace it, or choose another folder.`
      : `${written} is a folder with other files. Choose a new or empty one.`,
  )
}

/** What the run puts after documents, what config.json says of an imported model, or the only special token. */
async function endOfDocument(
  checkpoint: string,
  specialTokens: ReadonlyMap<string, number>,
): Promise<EndOfDocument | null> {
  const record = await readRunRecord(dirname(dirname(checkpoint))).catch(() => null)
  const named = record?.config.tokenizer.endOfDocument
  const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8')) as { eos_token_id?: unknown }
  const found = [...specialTokens].find(([token, id]) => {
    if (named) return token === named
    return config.eos_token_id === undefined ? specialTokens.size === 1 : id === config.eos_token_id
  })
  return found ? { token: found[0], id: found[1] } : null
}
