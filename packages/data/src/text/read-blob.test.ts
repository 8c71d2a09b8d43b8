import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBlob, type ReadBlobOptions } from './read-blob.js'

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let [from, index] = [0, 0]
  while (from < bytes.length) {
    const size = sizes[index++ % sizes.length]!
    yield bytes.subarray(from, from + size)
    from += size
  }
}

/** What is read, or the error, without the texts that an error of JSON cites. */
async function outcome(source: AsyncIterable<Uint8Array> | Blob, options: ReadBlobOptions): Promise<unknown> {
  const documents: unknown[] = []
  try {
    for await (const document of readBlob(source, options)) documents.push(document)
  } catch (error) {
    return (error as Error).message
  }
  return documents
}

const bytesOf = (...parts: (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))))
const part = fc.constantFrom('a', 'ü', '鯨', '🐋', ' ', '\n', '\r\n', '\n\n', '\0', '\\n', '\\ud83d\\udc0b', 'e\u0301')
const text = fc.array(part, { minLength: 1, maxLength: 30 }).map((parts) => parts.join(''))
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })

test.each(['text', 'lines', 'paragraphs', 'jsonl', 'json', 'csv'] as const)(
  '%s: where the bytes are cut into chunks makes no difference',
  async (format) => {
    const asRecord = (one: string): string => `{"id":7,"text":"${one.replaceAll(/[\n\r\0]/g, '')}"}`
    const contents: Record<string, (texts: string[]) => string> = {
      jsonl: (texts) => texts.map((one) => `${asRecord(one)}\n`).join('\n'),
      json: (texts) => `\ufeff[${texts.map(asRecord).join(', ')}]`,
      csv: (texts) => `id,text\r\n${texts.map((one) => `1,"${one}"\r\n`).join('')}`,
    }
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), sizes, async (texts, cut) => {
        const bytes = bytesOf(contents[format]?.(texts) ?? texts.join('\n'))
        const options = { name: 'file', format }
        const whole = await outcome(new Blob([new Uint8Array(bytes)]), options)
        expect(await outcome(pieces(bytes, cut), options)).toEqual(whole)
        if (format === 'text') expect(whole).toEqual([{ text: new TextDecoder().decode(bytes), name: 'file' }])
      }),
      { numRuns: 100 },
    )
  },
)

test('json: any string, key or text, is what JSON.parse makes of it, however the bytes are cut', async () => {
  const unit = fc.constantFrom('\ufeff', 'a', 'ü', '鯨', '🐋', '\\"', '\\\\', '\\n', '\\ufeff', '\\ud83d\\udc0b')
  const escaped = fc.array(unit, { maxLength: 12 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(escaped, fc.array(escaped, { maxLength: 4 }), sizes, async (name, texts, cut) => {
      const key = `k${name}`
      const elements = texts.flatMap((one) => [`{"${key}":"${one}"}`, `"${one}"`])
      const json = `[{"${key}":"\ufeff"},${elements.map((one) => `${one},`).join('')}"\ufeffend"]`
      const records = JSON.parse(json) as (string | Record<string, string>)[]
      const expected = records.map((one, index) => ({
        text: typeof one === 'string' ? one : Object.values(one)[0],
        name: `file[${index}]`,
      }))
      const options = { name: 'file', format: 'json', textField: Object.keys(records[0] as object)[0]! } as const
      expect(await outcome(pieces(bytesOf(`\ufeff${json}`), cut), options)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('wrong bytes: their position, and what replaces them, however they are cut', async () => {
  const wrong = fc.constantFrom([0x80], [0xff], [0xc0, 0xaf], [0xe2, 0x82], [0xf0, 0x9f, 0x90], [0xed, 0xa0, 0x80])
  const mixed = fc.array(fc.oneof(part, wrong), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(mixed, sizes, async (parts, cut) => {
      const bytes = bytesOf('begin', ...parts)
      const options = { name: 'file', format: 'text' } as const
      const whole = await outcome(new Blob([new Uint8Array(bytes)]), options)
      expect(await outcome(pieces(bytes, cut), options)).toEqual(whole)
      const replaced = await outcome(pieces(bytes, cut), { ...options, invalidText: 'replace' })
      expect(replaced).toEqual([{ text: new TextDecoder().decode(bytes), name: 'file' }])
    }),
    { numRuns: 300 },
  )
})

test('the name is that of a File, or given', async () => {
  const file = new File(['{"text":"one"}'], 'pages.jsonl')
  expect(await outcome(file, {})).toEqual([{ text: 'one', name: 'pages.jsonl:1' }])
  expect(await outcome(file, { name: 'other.txt' })).toEqual([{ text: '{"text":"one"}', name: 'other.txt' }])
  expect(await outcome(new Blob(['one']), {})).toEqual([{ text: 'one', name: 'blob' }])
})

test('progress ends at the size; a stream that is left early is closed', async () => {
  const told: number[] = []
  const blob = new Blob(['one\n'.repeat(100_000)])
  const read = readBlob(blob, { name: 'lines', format: 'lines', onProgress: (bytesRead) => told.push(bytesRead) })
  for await (const { text: one } of read) expect(one).toBe('one')
  expect(told.at(-1)).toBe(blob.size)
  expect(told).toEqual(told.toSorted((left, right) => left - right))

  let isClosed = false
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytesOf('one\ntwo\n')),
    cancel: () => void (isClosed = true),
  })
  for await (const { text: one } of readBlob(stream, { name: 'lines', format: 'lines' })) {
    expect(one).toBe('one')
    break
  }
  expect(isClosed).toBe(true)
})
