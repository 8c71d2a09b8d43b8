import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareShards } from '@swat-js/data/node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSwat } from './swat-process.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let folder: string
const texts = Array.from({ length: 30 }, (_, index) => (index === 7 ? 'Call me.' : `${'whale '.repeat(index)}ship`))
texts.push('Call me.')
const lines = texts.map((text) => `${JSON.stringify({ body: text })}\n`).join('')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-data-inspect-'))
  await writeFile(join(folder, 'texts.jsonl'), lines)
  await prepareShards({
    folder: join(folder, 'tokens'),
    source: { path: join(folder, 'texts.jsonl'), textField: 'body' },
    tokenizer: { type: 'byte' },
    split: { by: 'document', shares: [2, 1] },
    workers: 0,
  })
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('swat data inspect', () => {
  const letters = new Set(texts.join('')).size
  const bytes = texts.reduce((sum, text) => sum + text.length, 0)

  it('looks at files, with a tokenizer, and writes numbers and a picture', async () => {
    const { code, stdout, stderr } = await runSwat(
      [
        ...['data', 'inspect', 'texts.jsonl', '--text-field', 'body', '--tokenizer', 'byte', '--samples', '1'],
        ...['--json', 'found.json', '--plot', 'found.svg'],
      ],
      folder,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Documents   31, ${bytes.toLocaleString('en-US')} bytes of UTF-8\n`)
    expect(stdout).toContain('Compression 1.000 bytes per token\n')
    expect(stdout).toMatch(/\nDuplicates {2}1 documents, 8 bytes; the first: texts\.jsonl:31\n/)
    expect(stdout).toMatch(/\nWritten: found\.json\nWritten: found\.svg\n$/)
    const { inspections } = JSON.parse(await readFile(join(folder, 'found.json'), 'utf8')) as Record<string, never[]>
    expect(inspections).toMatchObject([
      { inspection: { documents: 31, bytes, tokens: bytes, vocabulary: { used: letters } } },
    ])
    expect(await readFile(join(folder, 'found.svg'), 'utf8')).toMatch(/^<svg [^]*31 documents[^]*<\/svg>\n$/)
  })

  it('looks at a prepared set, part by part, and reads its texts', async () => {
    const all = await runSwat(['data', 'inspect', 'tokens', '--samples', '1'], folder)
    expect(all).toMatchObject({ code: 0, stderr: '' })
    const counts = [...all.stdout.matchAll(/^tokens, (\w+)\nDocuments {3}(\d+), ([\d,]+) bytes/gm)]
    expect(counts.map(([, split]) => split)).toEqual(['train', 'validation'])
    const sum = (column: number) => counts.reduce((total, row) => total + Number(row[column]!.replace(',', '')), 0)
    expect([sum(2), sum(3)]).toEqual([31, bytes])
    const part = await runSwat(
      ['data', 'inspect', 'tokens', '--split', 'train', '--samples', '50', '--limit', '5'],
      folder,
    )
    expect(part.stdout).toMatch(/^tokens, train\nDocuments {3}5, /)
    const shown = part.stdout.match(/^ {2}".*"$/gm)?.map((line) => JSON.parse(line) as string)
    expect(shown).toHaveLength(5)
    for (const text of shown ?? []) expect(texts).toContainEqual(expect.stringMatching(`^${text}`))
  })

  it('takes a folder of texts with a manifest of something else for what it is', async () => {
    await mkdir(join(folder, 'app'))
    await writeFile(join(folder, 'app/manifest.json'), '{"name":"my app"}')
    await writeFile(join(folder, 'app/book.txt'), 'Call me.')
    const { code, stdout, stderr } = await runSwat(['data', 'inspect', 'app'], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Documents   1, 8 bytes of UTF-8')
  })

  it('looks at the texts of a module', async () => {
    await writeFile(join(folder, 'texts.mjs'), `export default ${JSON.stringify(texts.map((body) => ({ body })))}`)
    const args = ['data', 'inspect', '--module', './texts.mjs', '--text-field', 'body', '--samples', '0']
    const { code, stdout, stderr } = await runSwat(args, folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\.\/texts\.mjs\nDocuments {3}31, /)
    expect(stdout).toContain(`Documents   31, ${bytes.toLocaleString('en-US')} bytes of UTF-8\n`)
  })

  it('looks at a data set of the Hub, at no more of it than it needs', async () => {
    const [commit, file] = ['c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', Buffer.from(lines)]
    const asked: string[] = []
    const hub = createServer((request, response) => {
      asked.push(request.url!)
      const api = '/api/datasets/someone/texts'
      response.setHeader('content-type', 'application/json')
      if (request.url?.startsWith(`${api}/revision/v1`))
        response.end(JSON.stringify({ id: 'someone/texts', sha: commit }))
      else if (request.url?.startsWith(`${api}/tree/${commit}`)) {
        const paths = ['data/0.jsonl', 'data/1.jsonl', 'other.jsonl']
        response.end(JSON.stringify(paths.map((path) => ({ type: 'file', path, size: file.length, oid: '1' }))))
      } else if (request.url?.startsWith(`/datasets/someone/texts/resolve/${commit}/`)) {
        const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
        const part = file.subarray(Number(from ?? 0), to ? Number(to) + 1 : undefined)
        const range = `bytes ${from ?? 0}-${Number(from ?? 0) + part.length - 1}/${file.length}`
        response.writeHead(from === undefined ? 200 : 206, { etag: '"1"', 'content-range': range }).end(part)
      } else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = hub.address() as AddressInfo
      const inspect = (...args: string[]) =>
        runSwat(
          ['data', 'inspect', '--hub', 'someone/texts', '--revision', 'v1', '--hub-files', 'data/*', ...args],
          folder,
          { ...process.env, HF_ENDPOINT: `http://127.0.0.1:${port}` },
        )
      const all = await inspect('--text-field', 'body', '--tokenizer', 'byte')
      expect(all).toMatchObject({ code: 0, stderr: '' })
      expect(all.stdout).toMatch(/^2 files\nDocuments {3}62, /)
      expect(asked.filter((url) => url.includes('other.jsonl'))).toEqual([])
      asked.length = 0
      const few = await inspect('--text-field', 'body', '--limit', '5')
      expect(few.stdout).toMatch(/\nDocuments {3}5, /)
      expect(asked.filter((url) => url.includes('1.jsonl'))).toEqual([])
      expect((await inspect('--text-field', 'text')).stderr).toContain('Choose one with --text-field')
    } finally {
      hub.closeAllConnections()
      await new Promise((resolve) => hub.close(resolve))
    }
  })

  it.each([
    [['tokens', '--format', 'csv'], '--format is about documents that are no set, but tokens is a prepared set.'],
    [['texts.jsonl', '--split', 'train'], '--split is about a prepared set, and there is none.'],
    [[], 'Give what to read in one way: the folder of a prepared set, files and folders, --module or --hub; none'],
    [['texts.jsonl', '--module', 'm'], 'or --hub; there are inputs and --module.'],
    [['texts.jsonl', '--revision', 'v1'], '--revision needs --hub.'],
    [['--module', './texts.mjs', '--format', 'csv'], '--format is about files; a module has none.'],
    [['tokens', '--split', 'test'], "tokens has no split 'test'; it has train, validation."],
    [['nothing.txt'], 'there is no file or folder nothing.txt.'],
    [['tokens', '--json', 'a', '--plot', 'a'], '--json and --plot must be different files, but both are a.'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runSwat(['data', 'inspect', ...args], folder)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) })
  })
})
