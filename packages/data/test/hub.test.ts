import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DataError } from '../src/index.js'
import { openSource, readDocuments, streamDocuments, type HubSource } from '../src/node.js'

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'
const at = 'hub://someone/texts@c0ffee00c0ff'
const fixtures = join(import.meta.dirname, 'fixtures/parquet')
const parquet = readFileSync(join(fixtures, 'pyarrow-payload.parquet'))
const texts = (JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as { texts: string[][] }).texts[0]!
const records = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `{"text":"record ${from + index} ${'x'.repeat(50)}"}\n`).join('')
/** Does something else with a request than to answer it in order; true when it has. */
type Disturbance = (request: IncomingMessage, response: ServerResponse, body: Buffer | undefined) => boolean

let hub: Server
let store: Server // where the Hub redirects to
let files: Map<string, Buffer> // of the data set someone/texts
let disturb: Disturbance
let asked: { path: string; range: string | undefined; authorization: string | undefined }[]
let askedOfStore: (string | undefined)[] // for which authorization

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const pathOf = ({ url = '' }: IncomingMessage): string => new URL(url, 'http://hub').pathname

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = pathOf(request)
  asked.push({ path, range: request.headers.range, authorization: request.headers.authorization })
  const [, of] = /^\/api\/datasets\/someone\/texts\/revision\/(\w+)$/.exec(path) ?? []
  const isTree = path === `/api/datasets/someone/texts/tree/${commit}`
  const [, encoded] = new RegExp(`^/datasets/someone/texts/resolve/${commit}/(.+)$`).exec(path) ?? []
  const body = encoded === undefined ? undefined : files.get(decodeURIComponent(encoded))
  if (disturb(request, response, body)) return
  if (of === 'main' || of === 'v1' || of === commit) sendJson(response, { _id: '1', id: 'someone/texts', sha: commit })
  else if (isTree) sendTree(request, response)
  else if (body) sendBody(request, response, body)
  else response.writeHead(404, { 'x-error-code': encoded ? 'EntryNotFound' : 'RepoNotFound' }).end()
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

/** The list of files comes in pages of two. */
function sendTree(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, addressOf(hub))
  const all = [...files].map(([path, body]) => ({ type: 'file', path, size: body.length, oid: '1' }))
  const from = Number(url.searchParams.get('cursor') ?? 0)
  url.searchParams.set('cursor', String(from + 2))
  if (from + 2 < all.length) response.setHeader('link', `<${url.href}>; rel="next"`)
  sendJson(response, [
    ...(from === 0 ? [{ type: 'directory', path: 'data', size: 0 }] : []),
    ...all.slice(from, from + 2),
  ])
}

/** The body, or the range of it that is asked for. */
function sendBody(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  response.setHeader('etag', '"1"')
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) return void response.end(body)
  const part = body.subarray(Number(from), to ? Number(to) + 1 : undefined)
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${body.length}` })
    .end(part)
}

beforeAll(async () => {
  hub = createServer(answer)
  store = createServer((request, response) => {
    askedOfStore.push(request.headers.authorization)
    sendBody(request, response, files.get(decodeURIComponent(pathOf(request).slice(1)))!)
  })
  for (const server of [hub, store]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  for (const server of [hub, store]) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
beforeEach(() => {
  ;[asked, askedOfStore] = [[], []]
  disturb = () => false
  files = new Map([
    ['README.md', Buffer.from('# Texts')],
    ['data/train-1.jsonl.gz', gzipSync(records(1000, 2000))],
    ['data/train-0.jsonl.gz', gzipSync(records(0, 1000))],
    ['rows.parquet', parquet],
    ['.gitattributes', Buffer.from('x')],
    ['info.json', Buffer.from('{}')],
  ])
})

const source = (options: Partial<HubSource> = {}): HubSource => ({
  ...{ hub: 'someone/texts', endpoint: `${addressOf(hub)}/` },
  ...options,
})
const isFor = (name: string, { url = '' }: IncomingMessage): boolean => url.endsWith(`/${encodeURIComponent(name)}`)
const partsOf = (name: string): (string | undefined)[] =>
  asked.filter(({ path, range }) => path.endsWith(name) && range !== 'bytes=0-0').map(({ range }) => range)

describe('a data set', () => {
  test('all files with texts, of one commit, in order', async () => {
    const inputs = await openSource(source({ token: 'hf_secret' }))
    expect(inputs.map(({ name, byteLength }) => [name, byteLength])).toEqual(
      ['data/train-0.jsonl.gz', 'data/train-1.jsonl.gz', 'rows.parquet'].map((name) => [
        `${at}/${name}`,
        files.get(name)!.length,
      ]),
    )
    const documents = await readDocuments(source({ token: 'hf_secret' }))
    expect(documents).toHaveLength(2000 + texts.length)
    expect(documents[1500]).toEqual({ text: `record 1500 ${'x'.repeat(50)}`, name: `${at}/data/train-1.jsonl.gz:501` })
    expect(documents.slice(2000).map(({ text }) => text)).toEqual(texts)
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_secret']))
    expect(asked.filter(({ path }) => path.includes('/resolve/main'))).toEqual([])
  })

  test('of parquet only the ranges that the column needs are asked for', async () => {
    const told: number[] = []
    const [input] = await openSource(source({ files: '*.parquet' }))
    const documents: string[] = []
    for await (const { text } of input!.documents((bytesRead) => told.push(bytesRead))) documents.push(text)
    expect(documents).toEqual(texts)
    expect(told.at(-1)).toBe(parquet.length)

    const ranges = partsOf('rows.parquet').map((range) => /^bytes=(\d+)-(\d+)$/.exec(range!)!.slice(1).map(Number))
    expect(ranges[0]).toEqual([parquet.length - 2 ** 16, parquet.length - 1])
    expect(ranges).toHaveLength(2) // the end, and the text of the first row group; that of the second is in the end
    const bytes = ranges.reduce((sum, [from, to]) => sum + to! - from! + 1, 0)
    expect(bytes).toBeLessThan(2 ** 16 + 3000)
    expect(parquet.length).toBeGreaterThan(4 * bytes)
  })

  test('a revision, and files by name, by glob and by folder', async () => {
    const names = async (options: Partial<HubSource>) =>
      (await openSource(source(options))).map(({ name }) => name.slice(at.length + 1))
    expect(await names({ files: 'data/train-1.jsonl.gz', revision: 'v1' })).toEqual(['data/train-1.jsonl.gz'])
    expect(asked[0]!.path).toMatch(/revision\/v1$/)
    expect(await names({ files: ['rows.*', 'data/**'] })).toHaveLength(3)
    expect(await names({ files: 'data' })).toHaveLength(2)
    expect(await names({ files: 'README.md' })).toEqual(['README.md'])
    expect(await names({ format: 'json' })).toEqual(['info.json'])
  })

  test('a glob that is none is refused', async () => {
    await expect(openSource(source({ files: ['data/*', '{a,b'] }))).rejects.toMatchObject({
      ...{ name: 'DataError', code: 'invalid-argument' },
      message: expect.stringMatching(/^openSource: files: "\{a,b" is no glob: a \{ in it is not closed/),
    })
  })

  test('an empty file is not asked for: servers refuse every range of it', async () => {
    files.set('empty.txt', Buffer.alloc(0)).set('empty.parquet', Buffer.alloc(0))
    await expect(readDocuments(source({ files: 'empty.txt' }))).rejects.toMatchObject({ code: 'empty-text' })
    await expect(readDocuments(source({ files: 'empty.parquet' }))).rejects.toMatchObject({ code: 'invalid-parquet' })
    expect(asked.filter(({ path }) => path.includes('empty'))).toEqual([])
  })

  test('names with characters that mean something in addresses', async () => {
    files.set('a #1?%41 ü.txt', Buffer.from('strange'))
    expect(await readDocuments(source({ files: 'a*' }))).toEqual([{ text: 'strange', name: `${at}/a #1?%41 ü.txt` }])
  })

  test('a reader that stops early leaves the rest', async () => {
    for await (const { text } of streamDocuments(source())) {
      expect(text).toMatch(/^record 0 /)
      break
    }
    expect(partsOf('train-1.jsonl.gz')).toEqual([])
  })

  test('redirects to another server, which does not get the token', async () => {
    disturb = (request, response) => {
      if (!isFor('rows.parquet', request)) return false
      response.writeHead(302, { location: `${addressOf(store)}/rows.parquet` }).end()
      return true
    }
    expect(await readDocuments(source({ files: 'rows.parquet', token: 'hf_secret' }))).toHaveLength(texts.length)
    expect(askedOfStore.length).toBeGreaterThan(1)
    expect(new Set(askedOfStore)).toEqual(new Set([undefined]))
  })
})

describe('a server or connection with trouble', () => {
  test.each([500, 503, 429])('status %i now and then', async (status) => {
    const failed = new Set<string>()
    disturb = (request, response) => {
      const key = `${request.url} ${request.headers.range}`
      if (failed.has(key)) return false
      failed.add(key)
      response.writeHead(status).end()
      return true
    }
    expect(await readDocuments(source({ files: ['rows.parquet', 'data/train-0*'] }))).toHaveLength(1000 + texts.length)
    expect(failed.size).toBeGreaterThan(5)
  })

  test('a file that breaks off goes on where it was', async () => {
    const body = files.get('data/train-0.jsonl.gz')!
    let breaks = 0
    disturb = (request, response) => {
      if (!pathOf(request).endsWith('train-0.jsonl.gz') || request.headers.range === 'bytes=0-0' || breaks === 5)
        return false
      breaks++
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      response.writeHead(from ? 206 : 200, { 'content-length': body.length - from })
      response.write(body.subarray(from, from + 300), () => setTimeout(() => response.destroy(), 30))
      return true
    }
    expect(await readDocuments(source({ files: 'data/train-0*' }))).toHaveLength(1000)
    const rest = Array.from({ length: 5 }, (_, index) => `bytes=${(index + 1) * 300}-${body.length - 1}`)
    expect(partsOf('train-0.jsonl.gz')).toEqual([undefined, ...rest])
  })

  test('a part that is too short is asked for again', async () => {
    let short = 0
    disturb = (request, response, body) => {
      if (!body || !pathOf(request).endsWith('.parquet') || request.headers.range === 'bytes=0-0' || short === 2)
        return false
      short++
      response.writeHead(206, { 'transfer-encoding': 'chunked' })
      response.end(body.subarray(-1000))
      return true
    }
    expect(await readDocuments(source({ files: '*.parquet' }))).toHaveLength(texts.length)
    expect(partsOf('rows.parquet')).toHaveLength(4)
  })

  test.each([
    [
      'data/train-0*',
      /data\/train-0\.jsonl\.gz of the data set someone\/texts at main \(\d+ of \d+ bytes came, and nothing more in 4 attempts\)/,
    ],
    ['*.parquet', /rows\.parquet of .* \(1000 of 65536 bytes came, and nothing more in 4 attempts\)/],
  ])('%s: gives up when nothing more comes', async (name, message) => {
    disturb = (request, response, body) => {
      if (!body || request.headers.range === 'bytes=0-0') return false
      const isFirst = request.headers.range === undefined || name.endsWith('parquet')
      response.writeHead(206, { 'transfer-encoding': 'chunked' })
      response.end(body.subarray(0, isFirst ? 1000 : 0))
      return true
    }
    await expect(readDocuments(source({ files: name }))).rejects.toMatchObject({
      code: 'hub',
      message: expect.stringMatching(message),
    })
  })

  test('a server that answers with the whole file', async () => {
    disturb = (request, response, body) => {
      if (!body || request.headers.range === 'bytes=0-0') return false
      response.writeHead(200).end(body)
      return true
    }
    await expect(readDocuments(source({ files: '*.parquet' }))).rejects.toThrow(
      /does not answer with a part of the file/,
    )
  })

  test('a size that is not the one that was listed', async () => {
    disturb = (request, response, body) => {
      if (body && request.headers.range === 'bytes=0-0') {
        response
          .writeHead(206, { etag: '"1"', 'content-range': `bytes 0-0/${body.length + 10}` })
          .end(body.subarray(0, 1))
        return true
      }
      return false
    }
    await expect(readDocuments(source({ files: 'data/train-0*' }))).rejects.toThrow(
      /it has \d+ bytes, but is listed with/,
    )
  })
})

describe('refuses', () => {
  test.each([
    [401, undefined, /does not give the data set someone\/texts at main \(status 401\).*needs an access token/],
    [403, 'hf_wrong', /\(status 403\).*the access token may not open it/],
    [404, undefined, /\(status 404\)\. Check the id and the revision/],
    [500, 'hf_wrong', /cannot be asked for the data set someone\/texts at main .*Check the connection/],
  ])('status %i, without a word of the token', async (status, token, message) => {
    disturb = (_, response) => {
      response.writeHead(status).end()
      return true
    }
    const failed = readDocuments(source(token ? { token } : {}))
    await expect(failed).rejects.toMatchObject({ code: 'hub', message: expect.stringMatching(message) })
    await expect(failed).rejects.not.toThrow(/hf_wrong/)
  })

  test('a file that is refused or gone', async () => {
    for (const [status, message] of [
      [403, /does not give rows\.parquet of the data set someone\/texts at main \(status 403\)/],
      [404, /rows\.parquet of .* \(it is listed, but not there\)/],
    ] as const) {
      disturb = (_, response, body) => {
        if (body) response.writeHead(status, { 'x-error-code': 'EntryNotFound' }).end()
        return body !== undefined
      }
      await expect(readDocuments(source({ files: 'rows.parquet' }))).rejects.toThrow(message)
    }
  })

  test.each(['../x.txt', 'data/../../x.txt', '/etc/x.txt', 'a//b.txt', 'a\\b.txt', './x.txt', 'a/..'])(
    'a file called %s',
    async (name) => {
      files.set(name, Buffer.from('outside'))
      await expect(readDocuments(source({ files: 'rows.parquet' }))).rejects.toMatchObject({
        code: 'hub',
        message: expect.stringContaining(`lists a file called ${JSON.stringify(name)}, which leads out of it`),
      })
      expect(asked.filter(({ path }) => path.includes('x.txt'))).toEqual([])
    },
  )

  test.each(['texts', 'a/b/c', '../texts', 'a/..', 'a b/c', ''])('the id %j', async (id) => {
    await expect(readDocuments(source({ hub: id }))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('hub must be the id of a data set, owner/name'),
    })
    expect(asked).toEqual([])
  })

  test('files that are not there', async () => {
    await expect(openSource(source({ files: ['*.csv', 'train/*'] }))).rejects.toMatchObject({
      code: 'empty-text',
      message: expect.stringMatching(
        /has no file that matches \*\.csv or train\/\*\. Its files are: README\.md, data\//,
      ),
    })
    files = new Map([['README.md', Buffer.from('#')]])
    await expect(openSource(source())).rejects.toThrow(
      /has no file with texts\. Its files are: README\.md\. Choose with/,
    )
  })

  test('a token that is none, and a server that is not there', async () => {
    await expect(openSource(source({ token: 'secret' }))).rejects.toThrow(DataError)
    await expect(openSource(source({ token: 'secret' }))).rejects.not.toThrow(/secret/)
    await expect(openSource(source({ endpoint: 'http://127.0.0.1:9' }))).rejects.toThrow(/ECONNREFUSED|bad port/)
  })
})
