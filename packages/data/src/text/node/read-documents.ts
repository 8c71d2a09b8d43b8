import type { Document } from '../document.js'
import type { DocumentSource } from './document-source.js'
import { openInputs } from './open-inputs.js'

export type { DocumentSource, HubSource, ModuleSource, PathSource } from './document-source.js'

/**
 * Reads all documents of a source: files, folders, a module, a data set of the Hub. `streamDocuments` gives the same
 * ones without holding all of them.
 *
 * - A text file is one document. A `.jsonl` file is one document for each line; blank lines are passed over. The other
 *   formats are in `TextFormat`.
 * - A record whose text is `''` is a document without characters; a file or source without any is an error.
 *
 * @throws {DataError} `file-not-found`, `unreadable-file`, `invalid-utf8` (with the byte offset), `invalid-json`
 *   (with file and line), `missing-field`, `empty-text`, `module-not-found`, `invalid-module`, and what the
 *   other formats bring: see `readBlob`
 */
export async function readDocuments(source: DocumentSource): Promise<Document[]> {
  const documents: Document[] = []
  for (const input of await openInputs(source, 'readDocuments')) {
    for await (const document of input.documents()) documents.push(document)
  }
  return documents
}
