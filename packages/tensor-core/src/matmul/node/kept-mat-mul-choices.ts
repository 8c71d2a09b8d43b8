import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { notWritten } from '../../checkpoint/node/not-written.js'
import { writeFileAtomic } from '../../checkpoint/node/write-file-atomic.js'
import { SwatError } from '../../swat-error.js'
import { expectMatMulChoices, type MatMulChoice } from '../mat-mul-choice.js'
import { productFrom } from '../mat-mul-shape.js'
import { productKey } from '../webgpu/product.js'

/** Of the file; entries are added without changing it. */
const version = 1

/**
 * Where choices of a user's devices are kept: `swat/matmul.json` in the folder for caches, which is `XDG_CACHE_HOME`,
 * on Windows else `LOCALAPPDATA`, else `~/.cache`.
 *
 * @returns a path; nothing need be there
 */
export function matMulChoicesFile(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  return join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'swat', 'matmul.json')
}

/**
 * Reads a file of choices.
 *
 * @param file - the file: `{ "version": 1, "choices": [...] }` with entries as `MatMulChoice` describes them
 * @returns its choices, of whatever device; none where there is no file or one of another version
 * @throws SwatError `tuning` when it is something else or cannot be read
 */
export async function readMatMulChoices(file: string): Promise<MatMulChoice[]> {
  const wayOut = 'Name another file, or remove this one to measure again.'
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new SwatError('tuning', `readMatMulChoices: ${file} cannot be read (${error.code}). ${wayOut}`, {
      cause: error,
    })
  })
  if (text === null) return []
  const content = parsed(text) as { version?: unknown; choices?: unknown } | null
  if (!Number.isInteger(content?.version) || !Array.isArray(content?.choices)) {
    const expected = '{ "version": 1, "choices": [...] }'
    throw new SwatError('tuning', `readMatMulChoices: ${file} must hold ${expected}, but does not. ${wayOut}`)
  }
  return content.version === version ? expectMatMulChoices(`readMatMulChoices: ${file}`, content.choices) : []
}

/**
 * Adds choices to a file, each in place of an older one of the same device and product. Makes the file and its folder.
 *
 * @param file - the file; one of another version is replaced
 * @param choices - from `matMulChoices`
 * @throws SwatError `tuning` when the file holds something else, `checkpoint-not-written` when it cannot be written
 */
export async function keepMatMulChoices(file: string, choices: readonly MatMulChoice[]): Promise<void> {
  const key = ({ device, product }: MatMulChoice) => `${device} ${productKey(productFrom(product))}`
  const all = new Map([...(await readMatMulChoices(file)), ...choices].map((choice) => [key(choice), choice]))
  try {
    await mkdir(dirname(file), { recursive: true })
  } catch (error) {
    throw notWritten('keepMatMulChoices', dirname(file), error)
  }
  await writeFileAtomic(file, `${JSON.stringify({ version, choices: [...all.values()] }, null, 2)}\n`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
