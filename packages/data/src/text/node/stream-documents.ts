import type { Document } from '../document.js'
import type { DocumentSource } from './document-source.js'
import { openInputs } from './open-inputs.js'

/**
 * The documents of a source, one after the other: what is held is a document, not a file.
 *
 * @param source - where the documents come from
 * @returns the documents, in the order that the source gives them
 * @throws {DataError} while reading: what `openSource` and `readBlob` throw, `module-not-found`, `invalid-module`
 */
export async function* streamDocuments(source: DocumentSource): AsyncGenerator<Document> {
  for (const input of await openInputs(source, 'streamDocuments')) yield* input.documents()
}
