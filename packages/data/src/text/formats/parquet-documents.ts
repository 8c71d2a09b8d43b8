import type { AsyncBuffer, Compressors, FileMetaData, parquetRead, RowGroup, SchemaTree } from 'hyparquet'
import { DataError } from '../../data-error.js'
import { decodeStrictly } from '../decode-strictly.js'
import type { Document } from '../document.js'
import { segmentsOf, valueAt } from '../field-path.js'
import type { Reading } from '../read-options.js'
import type { StoredFile } from '../stored-file.js'
import { orReplace } from './valid-text.js'

/** So much of the end of a file is read first: the footer of most files is in it. */
const tailLength = 2 ** 16

const codecs = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW']

/** The column that has the texts, and how they are found in its values. */
interface TextColumn {
  readonly name: string
  /** A path in a value; null where the value is the text. */
  readonly path: string | null
}

/**
 * A document for each row. Of a row group only the column that is wanted is read, and held as it is stored; one with
 * fields or lists is taken apart as a whole.
 *
 * @param onRows - called with how many of how many rows are done
 * @param batchLength - so many bytes of a column of texts, about, are taken out of its pages at a time
 */
export async function* parquetDocuments(
  file: StoredFile,
  reading: Reading,
  onRows: (done: number, total: number) => void,
  batchLength = 2 ** 24,
): AsyncGenerator<Document[]> {
  const { parquetMetadataAsync, parquetRead: read, parquetSchema } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const buffer = await openBuffer(file, reading)
  const metadata = await parquetMetadataAsync(buffer, { initialFetchSize: tailLength }).catch((cause: unknown) => {
    throw damaged(reading, 'its footer cannot be read', cause)
  })
  const column = attempt(reading, 'its schema cannot be read', () =>
    columnOf(parquetSchema(metadata).children, reading),
  )
  const decode = decoderOf(reading)
  const asBytes = { stringFromBytes: (bytes: Uint8Array) => bytes, jsonFromBytes: (bytes: Uint8Array) => bytes }

  const total = Number(metadata.num_rows)
  attempt(reading, 'its footer cannot be read', () => checkRows(metadata))
  let start = 0
  for (const [index, group] of metadata.row_groups.entries()) {
    const rows = Number(group.num_rows)
    const size = attempt(reading, `row group ${index} cannot be read`, () => checkGroup(group, index, column, reading))
    // Of columns with fields or lists hyparquet takes all pages apart for any rows: batches would take longer each.
    const step = column.path === null ? Math.max(1, Math.ceil((rows * batchLength) / Math.max(1, size))) : rows
    const groupBuffer = remembering(buffer)
    for (let from = start; from < start + rows; from += step) {
      const to = Math.min(from + step, start + rows)
      const what = `rows ${from} to ${to - 1} of column '${column.name}' (row group ${index}) cannot be read`
      const values = await readColumn({ read, compressors, asBytes }, groupBuffer, metadata, column, from, to)
        .then((found) => (found.length === to - from ? found : Promise.reject(new Error(`${found.length} rows came`))))
        .catch((cause: unknown) => {
          throw damaged(reading, what, cause)
        })
      const documents: Document[] = []
      for (const [offset, value] of values.entries()) {
        const name = `${reading.name}[${from + offset}]`
        if (value === undefined && column.path === null) throw damaged(reading, what, new Error(`no value for ${name}`))
        const found = column.path === null ? value : valueAt(value, column.path)
        const text = textOf(found, name, reading, decode)
        if (text !== null) documents.push({ text, name })
      }
      onRows(to, total)
      yield documents
    }
    start += rows
  }
}

/** A file whose end, once read, is not read again. */
async function openBuffer(file: StoredFile, { owner, name }: Reading): Promise<AsyncBuffer> {
  const { slice, byteLength } = file
  if (slice === null || byteLength === null) {
    throw new DataError(
      'invalid-argument',
      `${owner}: ${name} is parquet, which is read from its end, but it comes as a stream. Give a Blob: ` +
        'await response.blob().',
    )
  }
  const tailStart = Math.max(0, byteLength - tailLength)
  const tail = await slice(tailStart, byteLength)
  const magic = String.fromCharCode(...new Uint8Array(tail.slice(-4)))
  if (byteLength < 12 || magic !== 'PAR1') {
    const found = magic === 'PARE' ? 'PARE: it is encrypted, which is not read' : JSON.stringify(magic)
    throw new DataError(
      'invalid-parquet',
      `${owner}: ${name} is not a parquet file, or not a whole one: it has ${byteLength} bytes, and the last four ` +
        `should be PAR1, got ${found}. Get it again, or name another format.`,
    )
  }
  return {
    byteLength,
    async slice(from, to = byteLength) {
      if (!(from >= 0 && from <= to && to <= byteLength)) {
        throw new Error(`bytes ${from} to ${to} are wanted, of ${byteLength}`)
      }
      return from >= tailStart ? tail.slice(from - tailStart, to - tailStart) : slice(from, to)
    },
  }
}

/** Keeps the part that was read last: batches of rows come from one chunk. */
function remembering(buffer: AsyncBuffer): AsyncBuffer {
  let last: { from: number; to: number | undefined; part: Promise<ArrayBuffer> } | null = null
  return {
    byteLength: buffer.byteLength,
    slice(from, to) {
      if (last?.from !== from || last.to !== to) {
        const part = Promise.resolve(buffer.slice(from, to))
        part.catch(() => undefined) // hyparquet does not await what it fetches ahead once something else has failed
        last = { from, to, part }
      }
      return last.part
    },
  }
}

interface Library {
  read: typeof parquetRead
  compressors: Compressors
  asBytes: object
}

async function readColumn(
  { read, compressors, asBytes }: Library,
  file: AsyncBuffer,
  metadata: FileMetaData,
  { name }: TextColumn,
  rowStart: number,
  rowEnd: number,
): Promise<unknown[]> {
  let values: unknown[] = []
  await read({
    ...{ file, metadata, compressors, rowStart, rowEnd },
    columns: [name],
    parsers: asBytes,
    rowFormat: 'array',
    onComplete: (rows) => (values = rows.map(([value]) => value as unknown)),
  })
  return values
}

/** Whether hyparquet's type of a column means text. Old writers do not say so, and their bytes are taken as text. */
function isText({ element }: SchemaTree): boolean {
  const { type, converted_type: converted, logical_type: logical } = element
  const textual = ['UTF8', 'STRING', 'ENUM', 'JSON', undefined]
  return type === 'BYTE_ARRAY' && textual.includes(converted) && textual.includes(logical?.type)
}

function columnOf(columns: readonly SchemaTree[], { owner, name, textField }: Reading): TextColumn {
  const whole = columns.find(({ element }) => element.name === textField)
  const [first, ...rest] = segmentsOf(textField)
  const found = whole ?? columns.find(({ element }) => element.name === first)
  const path = whole === undefined && rest.length > 0 ? rest.join('.') : null
  const isNested = found !== undefined && found.children.length > 0
  const listed = columns.filter((column) => isText(column) || column.children.length > 0)
  const wayOut =
    `The columns that have text, or fields with text, are: ${listed.map(({ element }) => element.name).join(', ') || 'none'}. ` +
    'Choose one with textField.'
  if (found === undefined || (path !== null && !isNested)) {
    throw new DataError('missing-field', `${owner}: ${name} has no column '${textField}'. ${wayOut}`)
  }
  if (isNested && path === null) {
    throw new DataError(
      'missing-field',
      `${owner}: ${name}: the column '${textField}' is a list or has fields. Name the one with text, such as ` +
        `'${textField}[0]' or '${textField}.${found.children[0]?.element.name}'.`,
    )
  }
  if (!isNested && !isText(found)) {
    const { converted_type: converted, logical_type: logical, type } = found.element
    const kind = logical?.type ?? converted ?? type
    throw new DataError(
      'missing-field',
      `${owner}: ${name}: the column '${textField}' holds ${kind}, not text. ${wayOut}`,
    )
  }
  return { name: found.element.name, path }
}

/** Row groups of which the file says too little would be passed over without a word. */
function checkRows({ num_rows: total, row_groups: groups }: FileMetaData): void {
  let sum = 0
  for (const [index, { num_rows: found }] of groups.entries()) {
    const rows = Number(found)
    if (!Number.isSafeInteger(rows) || rows < 0) throw new Error(`row group ${index} would have ${rows} rows`)
    sum += rows
  }
  if (sum !== Number(total)) throw new Error(`the row groups have ${sum} rows together, but the file ${total}`)
}

/** The uncompressed bytes of the column in a row group whose codec is one that is read. */
function checkGroup(group: RowGroup, index: number, column: TextColumn, { owner, name }: Reading): number {
  let size = 0
  for (const { meta_data: chunk } of group.columns) {
    if (chunk?.path_in_schema[0] !== column.name) continue
    if (!codecs.includes(chunk.codec)) {
      throw new DataError(
        'unsupported-format',
        `${owner}: ${name}: column '${column.name}' of row group ${index} is compressed with ` +
          `${chunk.codec ?? 'an unknown codec'}, which is not read. Write it with one of ${codecs.join(', ')}.`,
      )
    }
    size += Number(chunk.total_uncompressed_size)
  }
  return size
}

function decoderOf({ owner, invalidText }: Reading): (bytes: Uint8Array, name: string) => string {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  if (invalidText === 'replace') return (bytes) => lenient.decode(bytes)
  return (bytes, name) => {
    try {
      return strict.decode(bytes)
    } catch {
      return decodeStrictly(bytes, owner, `the text of ${name}`, { wayOut: orReplace })
    }
  }
}

function textOf(
  value: unknown,
  name: string,
  reading: Reading,
  decode: (bytes: Uint8Array, name: string) => string,
): string | null {
  if (value instanceof Uint8Array) return decode(value, name)
  const isMissing = value === null || value === undefined
  if (isMissing && reading.missingText === 'skip') return null
  const found = value === undefined ? 'nothing' : value === null ? 'null' : `a ${typeof value}`
  throw new DataError(
    'missing-field',
    `${reading.owner}: ${name}: the text should be in '${reading.textField}', but there is ${found}. ` +
      (isMissing ? "Pass over such rows with missingText: 'skip'." : 'Choose another column or field with textField.'),
  )
}

function attempt<T>(reading: Reading, what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw damaged(reading, what, cause)
  }
}

function damaged({ owner, name }: Reading, what: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DataError('invalid-parquet', `${owner}: ${name}: ${what}: ${reason}. The file is damaged: get it again.`, {
    cause,
  })
}
