import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { downloadModel } from '../src/hugging-face/download-model.js'
import { outcomeOf, runSwat, startSwat } from './swat-process.js'
import { tinyConfig, tinyFolder } from './tiny-run.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'
const weights = Buffer.from(Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * i) % 251))

/** A request as the tests look at it. The library asks for a first byte, which tells the size, before the whole. */
interface Asked {
  path: string
  range: string | undefined
  authorization: string | undefined
}
/** Does something else with a request than to answer it in order; true when it has. */
type Disturbance = (request: IncomingMessage, response: ServerResponse, body: Buffer | undefined) => boolean

let hub: Server
let store: Server // where the Hub redirects to
let files: Map<string, Buffer> // of the repository someone/tiny
let disturb: Disturbance
let asked: { hub: Asked[]; store: Asked[] }

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const note = ({ url = '', headers }: IncomingMessage): Asked => ({
  path: new URL(url, 'http://hub').pathname,
  ...{ range: headers.range, authorization: headers.authorization },
})

function answerHub(request: IncomingMessage, response: ServerResponse): void {
  const { path } = note(request)
  asked.hub.push(note(request))
  const [, of] = /^\/api\/models\/someone\/tiny\/revision\/(\w+)$/.exec(path) ?? []
  const [, revision, name] = /^\/someone\/tiny\/resolve\/(\w+)\/(.+)$/.exec(path) ?? []
  const body = name === undefined ? undefined : files.get(name)
  if (disturb(request, response, body)) return
  if (of === 'main' || of === commit) {
    const siblings = [...files.keys()].map((rfilename) => ({ rfilename }))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ _id: '1', id: 'someone/tiny', sha: commit, siblings }))
  } else if (body && revision === commit) {
    sendBody(request, response, body)
  } else {
    response.writeHead(404, { 'x-error-code': name === undefined ? 'RepoNotFound' : 'EntryNotFound' }).end()
  }
}

/** The body, or the range of it that is asked for. */
function sendBody(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  response.setHeader('etag', '"1"')
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) return void response.end(body)
  const part = body.subarray(Number(from), to ? Number(to) + 1 : undefined)
  const last = Number(from) + part.length - 1
  response.writeHead(206, { 'content-range': `bytes ${from}-${last}/${body.length}` }).end(part)
}

/** Whether a request is for the weights, beyond their first byte. */
const isForWeights = ({ headers }: IncomingMessage, body: Buffer | undefined): body is Buffer =>
  body === files.get('model.safetensors') && headers.range !== 'bytes=0-0'
const startOf = (request: IncomingMessage) => Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)

/** Sends so many bytes of what is asked for, says that all come, and breaks the connection. */
function breakAfter(bytes: number, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const from = startOf(request)
  response.writeHead(from ? 206 : 200, {
    'content-length': body.length - from,
    ...(from && { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }),
  })
  response.write(body.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 50))
}

beforeAll(async () => {
  hub = createServer(answerHub)
  store = createServer((request, response) => {
    asked.store.push(note(request))
    sendBody(request, response, files.get(note(request).path.slice(1))!)
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
  asked = { hub: [], store: [] }
  disturb = () => false
})

describe('downloadModel', () => {
  let to: string
  beforeEach(async () => {
    to = await mkdtemp(join(tmpdir(), 'swat-download-'))
    files = new Map([
      ['config.json', Buffer.from('{"model_type":"swat"}')],
      ['model.safetensors', weights],
      ['tokenizer.json', Buffer.from('{}')],
      ['README.md', Buffer.from('# tiny')],
      ['../model.safetensors', Buffer.from('outside')],
      ['images/model.safetensors', Buffer.from('elsewhere')],
    ])
  })
  afterEach(() => rm(to, { recursive: true }))

  const download = (options: Partial<Parameters<typeof downloadModel>[0]> = {}) =>
    downloadModel({ repository: 'someone/tiny', to, endpoint: addressOf(hub), ...options })
  const read = (name: string) => readFile(join(to, name))

  it('takes what makes a model, of one commit, and tells how far it is', async () => {
    const told: [string, number, number][] = []
    const onProgress = (...progress: [string, number, number]) => told.push(progress)
    expect(await download({ token: 'hf_secret', onProgress })).toBe(commit)
    expect((await readdir(to)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    for (const name of await readdir(to)) expect((await read(name)).equals(files.get(name)!), name).toBe(true)
    const ofWeights = told.filter(([name]) => name === 'model.safetensors').map(([, done, total]) => ({ done, total }))
    expect(ofWeights.at(-1)).toEqual({ done: weights.length, total: weights.length })
    expect(ofWeights.map(({ done }) => done)).toEqual(ofWeights.map(({ done }) => done).sort((a, b) => a - b))
    expect(asked.hub.filter(({ path }) => path.includes('/resolve/main'))).toEqual([])
    expect(new Set(asked.hub.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_secret']))
  })

  it('takes all files of sharded weights', async () => {
    const index = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]
    files.delete('model.safetensors')
    for (const name of index) files.set(name, Buffer.from(name))
    await download()
    expect((await readdir(to)).sort()).toEqual(['config.json', ...index, 'tokenizer.json'])
    for (const name of index) expect((await read(name)).toString()).toBe(name)
  })

  it('follows redirects to another server, which does not get the token', async () => {
    disturb = (_, response, body) => {
      if (body !== weights) return false
      response.writeHead(302, { location: `${addressOf(store)}/model.safetensors` }).end()
      return true
    }
    await download({ token: 'hf_secret' })
    expect((await read('model.safetensors')).equals(weights)).toBe(true)
    expect(asked.store.length).toBeGreaterThan(0)
    expect(asked.store.filter(({ authorization }) => authorization !== undefined)).toEqual([])
  })

  it('goes on where a download broke off, as long as more of it comes', async () => {
    let broken = 0
    disturb = (request, response, body) => {
      if (!isForWeights(request, body) || broken === 6) return false
      broken++
      breakAfter(200_000, request, response, body)
      return true
    }
    await download()
    expect((await read('model.safetensors')).equals(weights)).toBe(true)
    const ranges = asked.hub.filter(({ path, range }) => path.endsWith('model.safetensors') && range !== 'bytes=0-0')
    const starts = Array.from({ length: 6 }, (_, i) => `bytes=${(i + 1) * 200_000}-${weights.length - 1}`)
    expect(ranges.map(({ range }) => range)).toEqual([undefined, ...starts])
  })

  it('goes on after a body that ends early in good order', async () => {
    disturb = (request, response, body) => {
      if (!isForWeights(request, body) || startOf(request) > 0) return false
      response.setHeader('transfer-encoding', 'chunked')
      response.end(body.subarray(0, 1_000_000))
      return true
    }
    await download()
    expect((await read('model.safetensors')).equals(weights)).toBe(true)
  })

  it('gives up on a file of which nothing more comes', async () => {
    let times = 0
    disturb = (request, response, body) => {
      if (!isForWeights(request, body)) return false
      times++
      if (startOf(request) > 0) response.destroy()
      else breakAfter(300_000, request, response, body)
      return true
    }
    const message = /model.safetensors of someone\/tiny at main: 300000 of 1500000 bytes came \(.+\), .* in 4 attempts/
    await expect(download()).rejects.toThrow(message)
    expect(times).toBe(5)
  })

  it.each([
    ['more', weights.length + 1000, /1500000 of 1501000 bytes came/],
    ['fewer', weights.length - 1000, /bytes came/],
  ])('refuses a file whose size was said to be %s', async (_, said, message) => {
    disturb = (request, response, body) => {
      if (body !== weights) return false
      if (request.headers.range === 'bytes=0-0') {
        response.writeHead(206, { etag: '"1"', 'content-range': `bytes 0-0/${said}` }).end(body.subarray(0, 1))
      } else {
        const from = startOf(request)
        response.writeHead(from ? 206 : 200).end(body.subarray(from))
      }
      return true
    }
    await expect(download()).rejects.toThrow(message)
  })

  it('refuses a server that begins anew when it is asked for the rest', async () => {
    disturb = (request, response, body) => {
      if (!isForWeights(request, body)) return false
      if (startOf(request) === 0) breakAfter(400_000, request, response, body)
      else response.writeHead(200).end(body)
      return true
    }
    await expect(download()).rejects.toThrow(/of 1500000 bytes came/)
  })

  it('refuses a content-length that is too large', async () => {
    disturb = (request, response, body) => {
      if (!isForWeights(request, body)) return false
      response.writeHead(startOf(request) ? 206 : 200, { 'content-length': body.length + 5000 })
      response.write(body.subarray(startOf(request), 700_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    await expect(download()).rejects.toThrow(/700000 of 1500000 bytes came/)
  })

  it('leaves empty files in place of pickled weights, which it does not download', async () => {
    files.delete('model.safetensors')
    for (const name of ['optimizer.pt', 'pytorch_model.bin']) files.set(name, Buffer.from('x'))
    await download()
    expect((await readdir(to)).sort()).toEqual(['config.json', 'pytorch_model.bin', 'tokenizer.json'])
    expect((await read('pytorch_model.bin')).length).toBe(0)
    expect(asked.hub.filter(({ path }) => /\.(bin|pt)$/.test(path))).toEqual([])
  })

  it.each([
    [
      401,
      undefined,
      /does not give someone\/tiny at main \(status 401\).*needs an access token in HF_TOKEN, or --token/,
    ],
    [403, 'hf_wrong', /does not give someone\/tiny at main \(status 403\).*the access token may not open it/],
    [500, undefined, /cannot be asked for someone\/tiny at main .*Check the connection/],
  ])('says what status %i means, without the token', async (status, token, message) => {
    disturb = (_, response) => {
      response.writeHead(status).end()
      return true
    }
    const failed = download(token ? { token } : {})
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.toMatchObject({ code: 'hub' })
    await expect(failed).rejects.not.toThrow(/hf_wrong/)
  })

  it('says which file is refused', async () => {
    disturb = (_, response, body) => {
      if (body === weights) response.writeHead(403).end()
      return body === weights
    }
    await expect(download()).rejects.toThrow(/does not give model.safetensors of someone\/tiny at main \(status 403\)/)
  })

  it('says so when there is no such repository, revision, file or server', async () => {
    const noRepository = download({ repository: 'someone/else' })
    await expect(noRepository).rejects.toThrow(/does not give someone\/else at main \(status 404\)/)
    await expect(download({ revision: 'v9' })).rejects.toThrow(/someone\/tiny at v9 \(status 404\).*--revision/)
    const nowhere = download({ endpoint: 'http://127.0.0.1:9' })
    await expect(nowhere).rejects.toThrow(/cannot be asked for someone\/tiny at main .*Check the connection/)
    disturb = (_, response, body) => {
      if (body === weights) response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
      return body === weights
    }
    await expect(download()).rejects.toThrow(/model.safetensors of someone\/tiny at main is listed but not there/)
  })
})

describe('swat import from the Hub', () => {
  let folder: string
  beforeAll(async () => {
    folder = await tinyFolder(tinyConfig.replace('steps: 20', 'steps: 3'))
    expect(await runSwat(['train', 'tiny.yaml'], folder)).toMatchObject({ code: 0 })
    expect(await runSwat(['export', '--run', 'runs/tiny', '--to', 'exported'], folder)).toMatchObject({ code: 0 })
  })
  afterAll(() => rm(folder, { recursive: true }))
  beforeEach(async () => {
    const names = await readdir(join(folder, 'exported'))
    const read = async (name: string) => [name, await readFile(join(folder, 'exported', name))] as const
    files = new Map(await Promise.all(names.map(read)))
  })

  const importFrom = (...args: string[]) => {
    const environment = {
      ...process.env,
      HF_ENDPOINT: `${addressOf(hub)}/`,
      HF_TOKEN: 'hf_environment',
      TMPDIR: folder,
    }
    return outcomeOf(startSwat(['import', '--from', ...args], folder, environment))
  }
  const tokens = () => new Set(asked.hub.map(({ authorization }) => authorization))
  const left = async () => (await readdir(folder)).filter((name) => name.startsWith('swat-hub-'))

  it('downloads, reads and leaves nothing else', async () => {
    const { code, stdout, stderr } = await importFrom('someone/tiny', '--to', 'imported')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/Imported {2}someone\/tiny to imported\n/)
    for (const name of ['model.safetensors', 'tokenizer.json']) {
      expect((await readFile(join(folder, 'imported', name))).equals(files.get(name)!), name).toBe(true)
    }
    expect(tokens()).toEqual(new Set(['Bearer hf_environment']))
    expect(await left()).toEqual([])
  })

  it('prefers the token that is given, takes a commit, and shows no token', async () => {
    const options = ['--revision', commit, '--token', 'hf_given']
    const { code, stdout } = await importFrom('someone/tiny', '--to', 'of-commit', ...options)
    expect(code).toBe(0)
    expect(tokens()).toEqual(new Set(['Bearer hf_given']))
    expect(stdout).not.toContain('hf_')
  })

  it('refuses pickled weights, a place that is taken and what is no id, before it downloads', async () => {
    files.delete('model.safetensors')
    files.set('pytorch_model.bin', Buffer.from('x'))
    const pickled = await importFrom('someone/tiny', '--to', 'nothing')
    expect(pickled).toMatchObject({ code: 1, stdout: '' })
    expect(pickled.stderr).toMatch(/has its weights in pytorch_model.bin.*save_file/)
    asked.hub.length = 0
    expect((await importFrom('someone/tiny', '--to', 'exported')).stderr).toMatch(/exported is there already/)
    expect((await importFrom('no such folder', '--to', 'nothing')).stderr).toMatch(
      /no id on the Hub, which is owner\/name/,
    )
    expect(asked.hub).toEqual([])
    expect(await left()).toEqual([])
    expect(await readdir(folder)).not.toContain('nothing')
  })
})
