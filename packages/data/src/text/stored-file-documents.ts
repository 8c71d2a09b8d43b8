import { checkChoice } from '../check-choice.js'
import { DataError } from '../data-error.js'
import { checkPlaces } from './check-places.js'
import type { Document } from './document.js'
import { fileFormat } from './file-format.js'
import { gunzipped } from './formats/gunzipped.js'
import { jsonDocuments } from './formats/json-documents.js'
import { jsonLinesDocuments } from './formats/json-lines-documents.js'
import { lineDocuments } from './formats/line-documents.js'
import { paragraphDocuments } from './formats/paragraph-documents.js'
import { parquetDocuments } from './formats/parquet-documents.js'
import { tableDocuments } from './formats/table-documents.js'
import { unzstd } from './formats/unzstd.js'
import { validText, type TextChunk } from './formats/valid-text.js'
import { wholeDocument } from './formats/whole-document.js'
import type { Reading, ReadOptions, TextFormat } from './read-options.js'
import type { Gunzip, StoredFile } from './stored-file.js'

type TextReader = (chunks: AsyncIterable<TextChunk>, reading: Reading) => AsyncGenerator<Document[]>

const readers: Readonly<Record<Exclude<TextFormat, 'parquet'>, TextReader>> = {
  text: wholeDocument,
  markdown: wholeDocument,
  lines: lineDocuments,
  paragraphs: paragraphDocuments,
  jsonl: jsonLinesDocuments,
  json: jsonDocuments,
  csv: (chunks, reading) => tableDocuments(chunks, 0x2c, reading),
  tsv: (chunks, reading) => tableDocuments(chunks, 0x09, reading),
}

/** How {@link storedFileDocuments} works, beside the user's options. */
export interface StoredFileReading {
  /** The function to name in errors. */
  readonly owner: string
  readonly gunzip: Gunzip
  readonly onProgress?: ((bytesRead: number) => void) | undefined
}

/** The documents of a file, whatever its format. */
export async function* storedFileDocuments(
  file: StoredFile,
  options: ReadOptions,
  { owner, gunzip, onProgress }: StoredFileReading,
): AsyncGenerator<Document> {
  const { name } = file
  const asked = {
    format: 'auto',
    textField: 'text',
    recordsPath: '',
    missingText: 'error',
    invalidText: 'error',
  } as const
  const reading: Reading = { ...asked, ...withoutUndefined(options), owner, name }
  checkChoice(owner, 'missingText', reading.missingText, ['error', 'skip'])
  checkChoice(owner, 'invalidText', reading.invalidText, ['error', 'replace'])
  checkPlaces(reading)
  const { format, compression } = fileFormat(owner, name, reading.format)

  const read = (): AsyncGenerator<Document[]> => {
    if (format === 'parquet') {
      const tell = (done: number, total: number) => onProgress?.(Math.floor((file.byteLength! * done) / total))
      return parquetDocuments(file, reading, tell)
    }
    const stored = onProgress ? counted(file.stream(), onProgress) : file.stream()
    const plain =
      compression === 'gzip'
        ? gunzipped(stored, gunzip, reading)
        : compression === 'zstd'
          ? unzstd(stored, reading)
          : stored
    return readers[format](validText(plain, reading), reading)
  }
  let hasText = false
  for await (const documents of read()) {
    for (const document of documents) {
      hasText ||= document.text !== ''
      yield document
    }
  }
  if (hasText) return
  throw new DataError('empty-text', `${owner}: ${name} has no text. Remove it from the source or fill it.`)
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  onProgress: (bytesRead: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytesRead = 0
  for await (const chunk of stream) {
    yield chunk
    bytesRead += chunk.length
    onProgress(bytesRead)
  }
}

function withoutUndefined(options: ReadOptions): ReadOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
