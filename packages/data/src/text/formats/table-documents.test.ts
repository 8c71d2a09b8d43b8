import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBlob } from '../read-blob.js'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function read(text: string, size: number, options: object): Promise<string[]> {
  const texts: string[] = []
  const stream = pieces(new TextEncoder().encode(text), size)
  for await (const document of readBlob(stream, { name: 'table.csv', ...options })) texts.push(document.text)
  return texts
}

const field = fc.array(fc.constantFrom('a', 'b', ' ', '"', ',', '\t', '\n', '\r\n', 'ü', '🐋'), { maxLength: 8 })
const table = fc.record({
  rows: fc.array(fc.tuple(field, field, field, fc.boolean()), { minLength: 1, maxLength: 8 }),
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
  size: fc.integer({ min: 1, max: 40 }),
  delimiter: fc.constantFrom(',', '\t'),
})

test('any table reads as csv-parse reads it, however it is cut into chunks', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(table, async ({ rows, end, last, size, delimiter }) => {
      const written = rows.map(([first, second, third, isQuoted]) =>
        [first, second, third]
          .map((parts) => parts.join(''))
          .map((value) => (isQuoted || /[",\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))
          .join(delimiter),
      )
      const text = [`id${delimiter}text${delimiter}"and ""more"""`, ...written].join(end) + (last ? end : '')
      const wanted = parse<{ text: string }>(text, {
        ...{ delimiter, record_delimiter: end, skip_empty_lines: true, relax_quotes: true },
        columns: true,
      }).map((row) => row.text)
      fc.pre(wanted.some((one) => one !== ''))
      expect(await read(text, size, { format: delimiter === ',' ? 'csv' : 'tsv' })).toEqual(wanted)
      compared++
    }),
    { numRuns: 400 },
  )
  expect(compared).toBeGreaterThan(200)
})

test.each([
  ['CR only', 'text\rone\rtwo', ['one', 'two']],
  ['a quote inside of a plain field', 'text\n5" pipe\n', ['5" pipe']],
  ['a quoted empty field', 'text\n""\n\nx\n', ['', 'x']],
  ['an empty field at the end', 'id,text\n1,\n2,x\n3,', ['', 'x', '']],
  ['one column, blank lines', 'text\n\none\r\n\r\ntwo', ['one', 'two']],
  ['a header that is quoted, and a byte order mark', '\ufeff"text"\none\n', ['one']],
  ['a blank line first', '\n\ntext\none\n', ['one']],
  ['a column with dots', 'a.b,a\none,x\n', ['one']],
])('%s', async (_, text, texts) => {
  for (const size of [1, 2, 1000]) {
    expect(await read(text, size, text.includes('a.b') ? { textField: 'a.b' } : {})).toEqual(texts)
  }
})

test('a row is named for the line that it begins in', async () => {
  const names: string[] = []
  const blob = new Blob(['text\n"one\ntwo"\n\nthree\r\nfour\n'])
  for await (const { name } of readBlob(blob, { name: 'table.csv' })) names.push(name)
  expect(names).toEqual(['table.csv:2', 'table.csv:5', 'table.csv:6'])
})

test('lines are counted in quoted fields and out of them, also where quotes are doubled', async () => {
  const rows = ['a""\n""b', '\n\n""', 'c', '""\n', '""""', '\n'].flatMap((one) => [`"${one}"`, 'plain'])
  const text = ['text', ...rows, 'last'].join('\n')
  const lineOf = (row: number): number =>
    ['text', ...rows]
      .slice(0, row + 1)
      .join('\n')
      .split('\n').length + 1
  for (const size of [1, 3, 1000]) {
    const names: string[] = []
    const stream = pieces(new TextEncoder().encode(text), size)
    for await (const { name } of readBlob(stream, { name: 'table.csv' })) names.push(name)
    expect(names).toEqual([...rows, 'last'].map((_, row) => `table.csv:${lineOf(row)}`))
  }
})

test('a long row takes no longer for the quotes that are doubled in it', async () => {
  const time = async (row: string): Promise<number> => {
    const start = performance.now()
    expect(await read(`text\n"${row}"\n`, 2 ** 18, {})).toEqual([row.replaceAll('""', '"')])
    return performance.now() - start
  }
  const plain = await time('abc'.repeat(350_000))
  // A search to the end of the row at each quote would take more than ten seconds.
  expect(await time('a""'.repeat(350_000))).toBeLessThan(5000 + 20 * plain)
})
