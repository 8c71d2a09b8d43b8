import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { prepareShards, verifyShards, type PrepareOptions } from '../src/node.js'
import { randomGenerator } from '../src/random/random-generator.js'

let root = ''
let undisturbed: Record<string, string> = {}
let options: Omit<PrepareOptions, 'folder'>
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-killed-'))
  const random = randomGenerator(11)
  const words = Array.from({ length: 300 }, (_, i) => `${i.toString(36)}${'aeiou'[i % 5]}`)
  const documents = Array.from({ length: 90 }, (_, i) =>
    i % 11 === 10
      ? ''
      : Array.from({ length: 1 + random.below(9000) }, () => words[random.below(300)])
          .join(' ')
          .slice(i % 7 === 3 ? -1 : 0),
  )
  for (let i = 5; i < 90; i += 13) documents[i] = documents[i - 3]! // exact repeats
  const paths: string[] = []
  for (let file = 0; file < 3; file++) {
    paths.push(join(root, `part-${file}.jsonl`))
    const lines = documents.slice(30 * file, 30 * file + 30).map((text) => JSON.stringify({ text }))
    await writeFile(paths[file]!, `${lines.join('\n')}\n`)
  }
  options = {
    source: { path: paths },
    tokenizer: { type: 'bpe', vocabSize: 300, sampleShare: 0.1 },
    split: { by: 'document', shares: [8, 1, 1] },
    deduplicate: true,
    seed: 3,
    shardTokens: 60_000,
    noteInterval: 0,
    workers: 0,
  }
  const folder = join(root, 'undisturbed')
  const { manifest } = await prepareShards({ ...options, folder })
  expect(manifest.splits.train!.shards.length).toBeGreaterThan(4)
  expect(manifest.provenance.skipped.empty).toBeGreaterThan(0)
  expect(manifest.provenance.skipped.duplicates).toBeGreaterThan(0)
  undisturbed = await contentsOf(folder)
})
afterAll(() => rm(root, { recursive: true }))

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'latin1')] as const)),
  )
}

/** Prepares in a process of its own that is killed at a call; with 0 it lives. */
async function prepare(own: PrepareOptions, dieAtCall: number, when: string): Promise<NodeJS.Signals | string> {
  const script = join(inject('builtPackages'), 'data/dist/prepare-and-die.js')
  const child = spawn(process.execPath, [script, JSON.stringify(own), String(dieAtCall), when], { stdio: 'pipe' })
  let said = ''
  child.stdout.on('data', (data) => (said += String(data)))
  child.stderr.on('data', (data) => (said += String(data)))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? `${code}: ${said}`)))
}

test('killed 20 times and more, anywhere: the bytes are those of an undisturbed run', async () => {
  const random = randomGenerator(20)
  let kills = 0
  for (let chain = 0; kills < 20; chain++) {
    const folder = join(root, `killed-${chain}`)
    const own = { ...options, folder, workers: chain % 3 === 2 ? 2 : 0 }
    for (;;) {
      const ended = await prepare(own, 1 + random.below(90), ['before', 'after', 'half'][random.below(3)]!)
      if (ended !== 'SIGKILL') {
        expect(ended).toMatch(/^0: (new|resumed|present) after/)
        break
      }
      kills++
    }
    const found = await contentsOf(folder)
    expect(Object.keys(found)).toEqual(Object.keys(undisturbed))
    for (const [name, contents] of Object.entries(found)) expect(contents === undisturbed[name], name).toBe(true)
    await verifyShards(folder)
    await rm(folder, { recursive: true })
  }
})

test('killed while a set is removed, at any call: it goes on, and files of others stay', async () => {
  const folder = join(root, 'removed')
  const own = { ...options, folder }
  await prepareShards(own)
  await writeFile(join(folder, 'README.txt'), 'mine')
  const shards = (await readdir(folder)).filter((name) => name.endsWith('.tokens')).length
  const most = shards + 16 // calls until all is removed
  for (let call = 1; call <= most; call += 2) {
    const when = call % 4 === 1 ? 'before' : 'after'
    expect(await prepare({ ...own, restart: true }, call, when)).toBe('SIGKILL')
    if (call + 2 <= most && call % 3 !== 0) continue // the next removal begins where this one ended
    expect(['new', 'resumed', 'present']).toContain((await prepareShards(own)).outcome)
    const { 'README.txt': mine, ...found } = await contentsOf(folder)
    expect(mine).toBe('mine')
    expect(Object.keys(found)).toEqual(Object.keys(undisturbed))
    for (const [name, contents] of Object.entries(found)) expect(contents === undisturbed[name], name).toBe(true)
  }
})
