import type { Document } from './document.js'

/** One file, module or remote file; its documents come in an order that never changes. */
export interface DocumentInput {
  /** Its path, name of the module or address, for messages. */
  readonly name: string
  /** How many bytes it has as stored, for progress; null if that is unknown. */
  readonly byteLength: number | null
  /**
   * Reads its documents.
   *
   * @param onProgress - called now and then with the bytes that were read, as stored
   */
  documents(onProgress?: (bytesRead: number) => void): AsyncIterable<Document>
}
