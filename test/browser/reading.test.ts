// Readers in real Chromium: files that a user chose and what fetch brings, the same documents as in Node.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readBlob } from '@swat-js/data'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { findChromium } from './find-chromium.js'
import { openPage, type OpenPage } from './open-page.js'

const folder = resolve(import.meta.dirname, '../../packages/data')
const fixture = (name: string): Buffer => readFileSync(resolve(folder, 'test/fixtures', name))
const code = `import { readBlob } from '@swat-js/data'
globalThis.readFile = async (source, options) => {
  const documents = []
  for await (const document of readBlob(source, options)) documents.push(document)
  return documents
}`
const files: Record<string, Uint8Array | string> = {
  'lines.txt.gz': gzipSync('one\ntwo\n'.repeat(5000)),
  'members.txt.gz': Buffer.concat([gzipSync('one\n'), gzipSync('two\n'), Buffer.alloc(100)]),
  'records.jsonl.zst': fixture('records.jsonl.zst'),
  'array.json': JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ text: `text ${index} 🐋` }))),
  'table.csv': 'id,text\n1,"a, b"\n2,c\n',
  'snappy.parquet': fixture('parquet/pyarrow-snappy-page-1.parquet'),
  'brotli.parquet': fixture('parquet/pyarrow-brotli-page-2.parquet'),
  'wrong.txt.gz': 'no gzip',
  'cut.txt.gz': gzipSync('one\ntwo\n').subarray(0, 20),
}
const { missing } = findChromium()

describe.skipIf(missing !== null)(`readBlob in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let opened: OpenPage
  let bundled: ReadonlyMap<string, Uint8Array>
  beforeAll(async () => {
    bundled = await bundle({ code, folder })
    opened = await openPage(new Map([...bundled, ...Object.entries(files)]))
    await opened.page.evaluate(`import('/main.js').then(() => null)`)
    return () => opened.close()
  })

  const inPage = (source: string, name: string): Promise<unknown> =>
    opened.page.evaluate(
      `fetch('/${name}').then(async (response) => readFile(${source}, { name: '${name}', format: ${formatOf(name)} }))
        .catch((error) => error.name + ' ' + error.code + ' ' + error.message)`,
    )
  const inNode = async (name: string): Promise<unknown> => {
    const documents = []
    const format = name.startsWith('lines') ? 'lines' : 'auto'
    const blob = new Blob([new Uint8Array(Buffer.from(files[name] as string))])
    for await (const document of readBlob(blob, { name, format })) {
      documents.push(document)
    }
    return documents
  }
  const formatOf = (name: string): string => (name.startsWith('lines') ? "'lines'" : "'auto'")

  it.each(Object.keys(files).filter((name) => !/wrong|cut/.test(name)))('%s', async (name) => {
    const expected = await inNode(name)
    expect(await inPage('await response.blob()', name)).toEqual(expected)
    if (!name.endsWith('.parquet')) expect(await inPage('response.body', name)).toEqual(expected)
  })

  it.each(['wrong.txt.gz', 'cut.txt.gz'])('%s', async (name) => {
    expect(await inPage('response.body', name)).toMatch(
      /^DataError invalid-compression readBlob: .*\.gz (is not|ends inside)/,
    )
  })

  it('parquet is loaded when it is needed', () => {
    const main = new TextDecoder().decode(bundled.get('main.js'))
    expect(bundled.size).toBeGreaterThan(1)
    expect(main).not.toMatch(/PAR1.*metadata_length/s)
    expect(main.length).toBeLessThan(60_000)
  })
})
