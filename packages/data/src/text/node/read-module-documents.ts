import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkChoice } from '../../check-choice.js'
import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import type { ModuleSource } from './document-source.js'
import { recordText, unicodeText, type RecordReading } from '../record-text.js'

/** The documents that a module exports; `owner` is the function to name in errors. */
export async function* readModuleDocuments(source: ModuleSource, owner: string): AsyncGenerator<Document> {
  const { module, textField = 'text', missingText = 'error', invalidText = 'error' } = source
  const { resolveFrom = process.cwd() } = source
  checkChoice(owner, 'missingText', missingText, ['error', 'skip'])
  checkChoice(owner, 'invalidText', invalidText, ['error', 'replace'])
  const exported = await importDefault(module, resolve(resolveFrom), owner)
  let records = exported
  if (typeof exported === 'function') {
    try {
      records = await exported()
    } catch (cause) {
      throw failed(module, 'its default export throws', cause, owner)
    }
  }
  if (!Array.isArray(records)) {
    const kind = typeof exported === 'function' ? `a function that returns ${typeof records}` : typeof exported
    throw new DataError(
      'invalid-module',
      `${owner}: the default export of ${module} must be an array of strings or records, or a function that ` +
        `returns one, got ${kind}.`,
    )
  }
  const reading: RecordReading = { owner, textField, missingText, invalidText }
  let hasText = false
  for (const [index, record] of records.entries() as ArrayIterator<[number, unknown]>) {
    const name = `${module}[${index}]`
    const text = typeof record === 'string' ? unicodeText(record, name, reading) : recordText(record, name, reading)
    if (text === null) continue
    hasText ||= text !== ''
    yield { text, name }
  }
  if (!hasText) {
    throw new DataError('empty-text', `${owner}: the ${records.length} records of ${module} have no text.`)
  }
}

async function importDefault(module: string, folder: string, owner: string): Promise<unknown> {
  const path = resolveModule(module, folder, owner)
  try {
    const namespace: unknown = await import(/* @vite-ignore */ pathToFileURL(path).href)
    return (namespace as { default?: unknown }).default
  } catch (cause) {
    throw failed(module, 'it does not load', cause, owner)
  }
}

function resolveModule(module: string, folder: string, owner: string): string {
  try {
    return createRequire(join(folder, 'index.js')).resolve(module)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
      throw failed(module, 'it does not resolve', cause, owner)
    }
    const isFile = /^(\.|\/|[a-z]:[\\/])/i.test(module)
    const packageName = module.split('/', module.startsWith('@') ? 2 : 1).join('/')
    const wayOut = isFile ? 'Check the path, or give resolveFrom.' : `Install it: npm install ${packageName}`
    throw new DataError('module-not-found', `${owner}: there is no module ${module} in ${folder}. ${wayOut}`, {
      cause,
    })
  }
}

function failed(module: string, how: string, cause: unknown, owner: string): DataError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DataError('invalid-module', `${owner}: module ${module}: ${how}: ${reason}`, { cause })
}
