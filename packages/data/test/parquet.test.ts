import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBlob, type Document } from '../src/index.js'
import { readDocuments, streamDocuments } from '../src/node.js'

// What PyArrow, DuckDB and Polars wrote (fixtures/make-parquet.py), and what they say is in it.
const folder = join(import.meta.dirname, 'fixtures/parquet')
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  texts: (string | null)[][]
  files: Record<string, { textField: string; texts: number }>
}
const files = Object.entries(expected.files).map(([file, { textField, texts }]) => ({
  ...{ file, textField, path: join(folder, file) },
  texts: expected.texts[texts]!,
}))
const hasNulls = (texts: (string | null)[]): boolean => texts.includes(null)

test('every fixture is tested', () => {
  const there = readdirSync(folder).filter((name) => name.endsWith('.parquet'))
  expect(there.sort()).toEqual(files.map(({ file }) => file).sort())
  expect(there.length).toBeGreaterThan(40)
})

test.each(files)('$file reads as it was written', async ({ path, textField, texts }) => {
  const documents = await readDocuments({ path, textField, missingText: 'skip' })
  const there = texts.flatMap((text, row) => (text === null ? [] : [{ text, name: `${path}[${row}]` }]))
  expect(documents).toEqual(there)
})

test.each(files)('$file: the same from a Blob', async ({ path, file, textField, texts }) => {
  const documents: Document[] = []
  const blob = new Blob([readFileSync(path)])
  for await (const document of readBlob(blob, { name: file, textField, missingText: 'skip' })) documents.push(document)
  expect(documents.map(({ text }) => text)).toEqual(texts.filter((text) => text !== null))
})

test.each(files.filter(({ texts }) => hasNulls(texts)))('$file: a null is an error by default', async ({ path }) => {
  await expect(readDocuments({ path })).rejects.toMatchObject({
    code: 'missing-field',
    message: expect.stringMatching(/\[3\]: the text should be in 'text', but there is null\. .*missingText: 'skip'/),
  })
})

test('documents come before the file is read to its end', async () => {
  const path = join(folder, 'pyarrow-none-page-1.parquet')
  for await (const { name } of streamDocuments({ path })) {
    expect(name).toBe(`${path}[0]`)
    break
  }
})

/** Any damage ends in an error of ours or in other texts, soon and without a crash. */
test.each(files.filter(({ file }) => /gzip-page-1|lz4-page-2|zstd-page|brotli-page-2|snappy-page|list-0/.test(file)))(
  '$file: damaged bytes',
  async ({ path, file, textField }) => {
    const whole = new Uint8Array(readFileSync(path))
    let state = 6
    const random = (below: number): number => (state = (state * 48_271) % 0x7fffffff) % below
    const outcomes = new Set<string>()
    for (let round = 0; round < 60; round++) {
      const bytes = whole.slice()
      for (let change = 0; change < 3; change++) bytes[random(bytes.length - 8)] = random(256)
      try {
        for await (const { text } of readBlob(new Blob([bytes]), { name: file, textField })) outcomes.add(typeof text)
      } catch (error) {
        outcomes.add((error as Error).name)
      }
    }
    outcomes.delete('string')
    expect([...outcomes]).toEqual(['DataError'])
  },
)

async function readAll(bytes: Uint8Array<ArrayBuffer>): Promise<Document[]> {
  const documents: Document[] = []
  for await (const document of readBlob(new Blob([bytes]), { name: 'rows.parquet' })) documents.push(document)
  return documents
}

test('a damaged file is refused, and nothing that was fetched ahead fails unheard', async () => {
  const bytes = readFileSync(join(folder, 'pyarrow-binary.parquet'))
  bytes[1183] = 0o243 // in the footer: where the column is
  const unheard: unknown[] = []
  const hear = (reason: unknown): unknown => unheard.push(reason)
  process.on('unhandledRejection', hear)
  await expect(readAll(bytes)).rejects.toMatchObject({ code: 'invalid-parquet' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', hear)
  expect(unheard).toEqual([])
})

test('a footer whose row groups do not have the rows of the file is refused', async () => {
  const bytes = readFileSync(join(folder, 'pyarrow-lz4-page-1.parquet'))
  bytes[2289] = 0o200 // how many rows the first row group has
  await expect(readAll(bytes)).rejects.toMatchObject({
    code: 'invalid-parquet',
    message: expect.stringMatching(/its footer cannot be read: .* rows.* The file is damaged: get it again/),
  })
})
