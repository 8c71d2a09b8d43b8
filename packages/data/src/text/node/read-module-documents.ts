import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DataError } from '../../data-error.js'
import type { Document } from '../document.js'
import type { ModuleSource } from './read-documents.js'
import { recordText } from '../record-text.js'

/** The documents that a module exports. */
export async function readModuleDocuments(source: ModuleSource): Promise<Document[]> {
  const { module, textField = 'text', resolveFrom = process.cwd() } = source
  const exported = await importDefault(module, resolve(resolveFrom))
  let records = exported
  if (typeof exported === 'function') {
    try {
      records = await exported()
    } catch (cause) {
      throw failed(module, 'its default export throws', cause)
    }
  }
  if (!Array.isArray(records)) {
    const kind = typeof exported === 'function' ? `a function that returns ${typeof records}` : typeof exported
    throw new DataError(
      'invalid-module',
      `readDocuments: the default export of ${module} must be an array of strings or records, or a function that ` +
        `returns one, got ${kind}.`,
    )
  }
  const documents = records.map((record: unknown, index) => {
    const name = `${module}[${index}]`
    return { text: typeof record === 'string' ? record : recordText(record, textField, name), name }
  })
  if (documents.every(({ text }) => text === '')) {
    throw new DataError('empty-text', `readDocuments: the ${documents.length} records of ${module} have no text.`)
  }
  return documents
}

async function importDefault(module: string, folder: string): Promise<unknown> {
  const path = resolveModule(module, folder)
  try {
    const namespace: unknown = await import(/* @vite-ignore */ pathToFileURL(path).href)
    return (namespace as { default?: unknown }).default
  } catch (cause) {
    throw failed(module, 'it does not load', cause)
  }
}

function resolveModule(module: string, folder: string): string {
  try {
    return createRequire(join(folder, 'index.js')).resolve(module)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw failed(module, 'it does not resolve', cause)
    const isFile = /^(\.|\/|[a-z]:[\\/])/i.test(module)
    const packageName = module.split('/', module.startsWith('@') ? 2 : 1).join('/')
    const wayOut = isFile ? 'Check the path, or give resolveFrom.' : `Install it: npm install ${packageName}`
    throw new DataError('module-not-found', `readDocuments: there is no module ${module} in ${folder}. ${wayOut}`, {
      cause,
    })
  }
}

function failed(module: string, how: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DataError('invalid-module', `readDocuments: module ${module}: ${how}: ${reason}`, { cause })
}
