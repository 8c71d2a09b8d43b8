import type { DocumentInput } from '../document-input.js'
import type { DocumentSource } from './document-source.js'
import { openInputs } from './open-inputs.js'

/**
 * Finds what a source is made of: files, a module, files of the Hub. Nothing of them is read yet.
 *
 * @param source - where the documents come from
 * @returns the inputs, in the order that the source gives them
 * @throws {DataError} `file-not-found`, `unreadable-file`, `empty-text` for a folder without texts, `hub` when the data
 * set is not there, not open or cannot be reached, `invalid-argument`
 */
export async function openSource(source: DocumentSource): Promise<DocumentInput[]> {
  return openInputs(source, 'openSource')
}
