import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Document } from '../document.js'
import type { Reading } from '../read-options.js'
import type { StoredFile } from '../stored-file.js'
import { parquetDocuments } from './parquet-documents.js'

const folder = join(import.meta.dirname, '../../../test/fixtures/parquet')
const reading: Reading = {
  ...{ owner: 'test', name: 'file', format: 'parquet', textField: 'text', recordsPath: '' },
  ...{ missingText: 'error', invalidText: 'error' },
}

function fixture(name: string): { file: StoredFile; asked: [number, number][]; bytes: Uint8Array } {
  const bytes = new Uint8Array(readFileSync(join(folder, name)))
  const asked: [number, number][] = []
  const file: StoredFile = {
    ...{ name, byteLength: bytes.length },
    stream: () => expect.unreachable('a parquet file is not streamed'),
    async slice(start, end) {
      asked.push([start, end])
      return bytes.slice(start, end).buffer
    },
  }
  return { file, asked, bytes }
}

async function read(name: string, batchLength?: number) {
  const { file, asked, bytes } = fixture(name)
  const batches: Document[][] = []
  const told: [number, number][] = []
  const tell = (...progress: [number, number]): unknown => told.push(progress)
  for await (const batch of parquetDocuments(file, reading, tell, batchLength)) batches.push(batch)
  return { batches, told, asked, size: bytes.length }
}

test.each([
  'pyarrow-small-pages.parquet',
  'pyarrow-none-page-1.parquet',
  'pyarrow-zstd-page-2.parquet',
  'pyarrow-delta-byte-array.parquet',
  'pyarrow-required.parquet',
  'duckdb-groups.parquet',
  'polars-snappy.parquet',
])('%s: rows in small batches are the rows at once', async (name) => {
  const whole = await read(name)
  const parts = await read(name, 100)
  expect(parts.batches.length).toBeGreaterThan(3 * whole.batches.length)
  expect(parts.batches.flat()).toEqual(whole.batches.flat())
  const rows = whole.batches.flat().length
  expect(parts.told.at(-1)).toEqual([rows, rows])
  expect(parts.told.map(([done]) => done)).toEqual(parts.told.map(([done]) => done).sort((a, b) => a - b))
})

test('only the column that is wanted is read, once, and a row group when its rows are', async () => {
  const { asked, size, batches } = await read('pyarrow-payload.parquet', 100)
  expect(batches.length).toBeGreaterThan(4)
  const [tail, ...parts] = asked
  expect(tail).toEqual([size - 2 ** 16, size])
  expect(parts).toHaveLength(1) // the text of the second row group is in the tail
  const [[from, to]] = parts as [[number, number]]
  expect(to - from).toBeLessThan(3000)

  const { file, asked: early } = fixture('pyarrow-payload.parquet')
  const documents = parquetDocuments(file, reading, () => undefined)
  await documents.next()
  await documents.return(undefined)
  expect(early).toHaveLength(2)
})
