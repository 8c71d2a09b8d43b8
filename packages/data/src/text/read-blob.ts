import type { Document } from './document.js'
import { streamToIterable } from './formats/stream-to-iterable.js'
import { gunzipStream } from './formats/gunzip-stream.js'
import type { ReadOptions } from './read-options.js'
import { storedFileDocuments } from './stored-file-documents.js'
import type { StoredFile } from './stored-file.js'

/** Options of {@link readBlob}. */
export interface ReadBlobOptions extends ReadOptions {
  /** The name, whose ending tells format and compression. Default: the name of a `File`, else `blob`. */
  name?: string
  /** Called with how many of the bytes, as they are stored, are done. */
  onProgress?: (bytesRead: number) => void
}

/**
 * The documents of a `File` or `Blob`, or of what `fetch` brings (`response.body`), one after the other: the file is
 * never held as a whole. Parquet is read in parts, for which a stream will not do. Works in browsers and in Node.
 *
 * @param source - a `Blob`, a stream of bytes, or chunks of bytes
 * @param options - see {@link ReadBlobOptions}
 * @returns the documents, in the order of the file; named for their place in it, as in `pages.jsonl:12` (the line) and
 * `pages.parquet[12]` (the row, from 0)
 * @throws {DataError} while reading: `invalid-utf8` (with the position of the byte in the text), `invalid-json`,
 * `invalid-csv`, `invalid-parquet`, `invalid-compression`, `unsupported-format`, `missing-field`, `unreadable-file` for
 * a document longer than 2²⁹ − 24 bytes, `empty-text` for a file without text, `invalid-argument`
 */
export function readBlob(
  source: Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ReadBlobOptions = {},
): AsyncIterable<Document> {
  const { name = 'name' in source ? String(source.name) : 'blob', onProgress, ...reading } = options
  return storedFileDocuments(toStoredFile(source, name), reading, {
    owner: 'readBlob',
    gunzip: gunzipStream,
    onProgress,
  })
}

function toStoredFile(source: Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>, name: string): StoredFile {
  if (source instanceof Blob) {
    return {
      ...{ name, byteLength: source.size },
      stream: () => streamToIterable(source.stream()),
      slice: (start, end) => source.slice(start, end).arrayBuffer(),
    }
  }
  const stream = () => (source instanceof ReadableStream ? streamToIterable(source) : source)
  return { name, byteLength: null, stream, slice: null }
}
