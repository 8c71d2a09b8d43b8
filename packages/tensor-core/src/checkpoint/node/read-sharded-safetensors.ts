import { open } from 'node:fs/promises'
import { join, posix, win32 } from 'node:path'
import { SwatError } from '../../swat-error.js'
import { jsonNames } from '../json-names.js'
import { readSafetensors, type SafetensorsEntry, type SafetensorsFile } from '../safetensors.js'
import { indexName, wholeName } from './shard-names.js'

/**
 * Reads weights that Hugging Face wrote, or `writeShardedSafetensors`: `model.safetensors` where it is there, else
 * every file that `model.safetensors.index.json` names. The index must name files in the folder itself, whose tensors
 * must be exactly those that it says; its `total_size` is not compared, as writers count differently.
 *
 * @param folder - the folder that holds the files; files in it may be links, as in Hugging Face's cache
 * @returns all tensors, in the order of the files' names and of each file's header; of `__metadata__` that several
 * files give, the first
 * @throws SwatError `safetensors` that names the file and says what is wrong
 */
export async function readShardedSafetensors(folder: string): Promise<SafetensorsFile> {
  const whole = await readWeights(join(folder, wholeName))
  if (whole) return whole
  const path = join(folder, indexName)
  const index = await readWhole(path)
  if (!index) {
    throw failure(`${folder} holds neither ${wholeName} nor ${indexName}`, 'Choose the folder that holds the weights.')
  }
  const expected = expectIndex(path, index)
  const tensors = new Map<string, SafetensorsEntry>()
  let metadata: Record<string, string> = {}
  for (const [file, names] of [...expected].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const shard = await readWeights(join(folder, file))
    if (!shard) throw failure(`${path} names ${file}, which is missing`, 'Fetch it into the same folder.')
    expectTensors(path, file, names, shard)
    for (const [name, entry] of shard.tensors) tensors.set(name, entry)
    metadata = { ...shard.metadata, ...metadata }
  }
  return { metadata, tensors }
}

/** The names that each file must hold. */
function expectIndex(path: string, bytes: Uint8Array): Map<string, Set<string>> {
  const wrong = (what: string, cause?: unknown) => failure(`${path}: ${what}`, fetchAgain, cause)
  let json: string
  let index: unknown
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    index = JSON.parse(json)
  } catch (cause) {
    throw wrong(`the index is not JSON in UTF-8 (${(cause as Error).message})`, cause)
  }
  if (!isRecord(index) || !isRecord(index.weight_map)) throw wrong('the index must hold an object weight_map')
  const { twice } = jsonNames(json)
  if (twice !== undefined) throw wrong(`the index names '${twice}' twice`)
  const expected = new Map<string, Set<string>>()
  for (const [name, file] of Object.entries(index.weight_map)) {
    if (typeof file !== 'string' || !isPlainName(file)) {
      throw wrong(`'${name}' must be in a file of the same folder, but is said to be in ${JSON.stringify(file)}`)
    }
    const names = expected.get(file) ?? new Set()
    expected.set(file, names.add(name))
  }
  if (expected.size === 0) throw wrong('the index names no tensor')
  return expected
}

function isPlainName(file: string): boolean {
  const isBase = posix.basename(file) === file && win32.basename(file) === file
  return isBase && !['', '.', '..'].includes(file) && !file.includes('\0')
}

function expectTensors(path: string, file: string, names: ReadonlySet<string>, { tensors }: SafetensorsFile): void {
  const missing = [...names].find((name) => !tensors.has(name))
  if (missing !== undefined) throw failure(`${path} says that ${file} holds '${missing}', but it does not`, fetchAgain)
  const unknown = [...tensors.keys()].find((name) => !names.has(name))
  if (unknown === undefined) return
  throw failure(`${path} does not say that ${file} holds '${unknown}', but it does`, fetchAgain)
}

/** One file of tensors, or null where there is none. */
async function readWeights(path: string): Promise<SafetensorsFile | null> {
  const bytes = await readWhole(path)
  if (!bytes) return null
  try {
    return readSafetensors(bytes)
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    const message = error.message.replace('readSafetensors: ', '')
    throw new SwatError(error.code, `readShardedSafetensors: ${path}: ${message}`, { cause: error })
  }
}

/** A file's bytes, or null where there is none. Node's own readFile refuses 2 GiB and more. */
async function readWhole(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, 'r')
    try {
      const bytes = new Uint8Array((await file.stat()).size)
      let at = 0
      while (at < bytes.length) {
        const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), at)
        if (bytesRead === 0) return bytes.subarray(0, at)
        at += bytesRead
      }
      return bytes
    } finally {
      await file.close()
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw failure(
      `${path} cannot be read (${code ?? message})`,
      'Check that it is a file that this user may read.',
      cause,
    )
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const fetchAgain = 'Fetch or write the index and its files again.'

function failure(what: string, wayOut: string, cause?: unknown): SwatError {
  return new SwatError('safetensors', `readShardedSafetensors: ${what}. ${wayOut}`, { cause })
}
