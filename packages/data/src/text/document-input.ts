import type { Document } from './document.js'

/** One file, module or remote file. Its documents come in an order that never changes. */
export interface DocumentInput {
  /** The path, the name of the module, or `hub://owner/name@commit/file`. */
  readonly name: string
  /** Its size as stored, compressed or not, in bytes; null where it is unknown. */
  readonly byteLength: number | null
  /**
   * Reads it from its beginning, as often as one likes; a document is held whole, the file is not.
   *
   * @param onProgress - called with how many of the {@link byteLength} bytes are done; never with fewer than before
   * @throws {DataError} while reading, see `readBlob` for the codes; `empty-text` at the end of an input without text
   */
  documents(onProgress?: (bytesRead: number) => void): AsyncIterable<Document>
}
