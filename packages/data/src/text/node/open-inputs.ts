import { DataError } from '../../data-error.js'
import type { DocumentInput } from '../document-input.js'
import { storedFileDocuments } from '../stored-file-documents.js'
import type { DocumentSource } from './document-source.js'
import { gunzip } from './gunzip.js'
import { hubFiles } from './hub-files.js'
import { listFiles } from './list-files.js'
import { localFile } from './local-file.js'
import { readModuleDocuments } from './read-module-documents.js'

/** The inputs of a source; `owner` is the function to name in errors. */
export async function openInputs(source: DocumentSource, owner: string): Promise<DocumentInput[]> {
  if ('module' in source) {
    return [{ name: source.module, byteLength: null, documents: () => readModuleDocuments(source, owner) }]
  }
  const files = 'hub' in source ? await hubFiles(source, owner) : await localFiles(source, owner)
  return files.map((file) => ({
    name: file.name,
    byteLength: file.byteLength,
    documents: (onProgress) => storedFileDocuments(file, source, { owner, gunzip, onProgress }),
  }))
}

async function localFiles({ path, format = 'auto' }: { path: string | string[]; format?: string }, owner: string) {
  const paths = typeof path === 'string' ? [path] : path
  if (paths.length === 0) throw new DataError('invalid-argument', `${owner}: path is an empty list. Name a file.`)
  const found = await Promise.all(paths.map((one) => listFiles(owner, one, format as 'auto')))
  return found.flat().map((file) => localFile(owner, file.path, file.byteLength))
}
