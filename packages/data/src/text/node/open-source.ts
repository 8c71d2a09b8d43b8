import { stat } from 'node:fs/promises'
import type { DocumentInput } from '../document-input.js'
import { readDocuments, type DocumentSource } from './read-documents.js'

/** The inputs of a source, in the order of their documents. */
export async function openSource(source: DocumentSource): Promise<DocumentInput[]> {
  const parts = 'path' in source ? [source.path].flat().map((path) => ({ ...source, path })) : [source]
  return Promise.all(
    parts.map(async (part) => {
      const found = 'path' in part ? await stat(part.path).catch(() => null) : null
      return {
        name: 'path' in part ? part.path : part.module,
        byteLength: found?.isFile() ? found.size : null,
        async *documents() {
          yield* await readDocuments(part)
        },
      }
    }),
  )
}
