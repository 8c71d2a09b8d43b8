import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSource } from '../src/node.js'

// What is held while a file of up to 120 MB is read does not grow with it.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const held = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const rows = 2000
const words = Array.from({ length: rows }, (_, row) =>
  `${row} ${(row * 7919).toString(36)} whale über 鯨 `.repeat(20).slice(0, 500),
)
const block = (line: (text: string, row: number) => string): Buffer => Buffer.from(words.map(line).join(''))

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-memory-'))
})
afterAll(() => rm(root, { recursive: true }))

const files = [
  { name: 'records.jsonl.gz', start: '', part: block((text) => `{"id":1,"text":"${text}"}\n`), end: '', blocks: 110 },
  { name: 'table.csv.gz', start: 'id,text\n', part: block((text, row) => `${row},"${text}"\n`), end: '', blocks: 60 },
  {
    name: 'array.json.gz',
    start: '{"no":["x"],"rows":[',
    part: block((text) => `{"text":"${text}"},`),
    end: '"end"]}',
    blocks: 25,
  },
  { name: 'lines.txt', start: '', part: block((text) => `${text}\n`), end: '', blocks: 110 },
] as const

test.each(files)('$name', async ({ name, start, part, end, blocks }) => {
  const path = join(root, name)
  const file = await open(path, 'w')
  const stored = (bytes: Uint8Array | string): Uint8Array =>
    name.endsWith('.gz') ? gzipSync(bytes) : Buffer.from(bytes)
  const repeated = stored(part)
  if (start) await file.write(stored(start))
  for (let written = 0; written < blocks; written++) await file.write(repeated)
  if (end) await file.write(stored(end))
  await file.close()

  const [input] = await openSource({
    ...{ path, format: name.startsWith('lines') ? 'lines' : 'auto' },
    ...(name.startsWith('array') && { recordsPath: 'rows' }),
  })
  const before = held()
  let [most, count, characters, progress] = [0, 0, 0, 0]
  const began = performance.now()
  for await (const { text } of input!.documents((bytesRead) => (progress = bytesRead))) {
    characters += text.length
    if (++count % 20_000 === 0) most = Math.max(most, held() - before)
  }
  const seconds = (performance.now() - began) / 1000
  const megabytes = (blocks * part.length) / 1e6
  expect(megabytes).toBeGreaterThan(blocks)
  expect(count).toBe(rows * blocks + (end ? 1 : 0))
  expect(characters).toBe(blocks * words.reduce((sum, { length }) => sum + length, 0) + (end ? 3 : 0))
  expect(progress).toBe(input!.byteLength)
  expect(most / 2 ** 20).toBeLessThan(30)
  if (process.env.SWAT_SHOW_SPEED)
    process.stdout.write(`${name}: ${(megabytes / seconds).toFixed(0)} MB/s, ${(most / 2 ** 20).toFixed(1)} MiB\n`)
})
