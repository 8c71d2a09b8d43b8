import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openShards, readTokenizer, verifyShards } from '@swat-js/data/node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { prepareSettings } from '../src/data/prepare-settings.js'
import { sourceOfOptions } from '../src/data/source-of-options.js'
import { readRunConfig } from '../src/config/read-run-config.js'
import { makeTokenizer } from '../src/text/make-tokenizer.js'
import { packText } from '../src/text/pack-text.js'
import { readSplit } from '../src/text/read-split.js'
import { outcomeOf, runSwat, startProgram, type Outcome } from './swat-process.js'
import { tinyFolder, tinyText } from './tiny-run.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let folder: string
beforeAll(async () => {
  folder = await tinyFolder()
  const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify({ body: i % 20 === 19 ? '' : `${i} ${tinyText}` }))
  await writeFile(join(folder, 'pages.jsonl'), `${[...lines, lines[3]].join('\n')}\n`)
})
afterAll(() => rm(folder, { recursive: true }))

const prepare = (...args: string[]): Promise<Outcome> => runSwat(['data', 'prepare', ...args], folder)

/** Every file of a set, as text. */
async function contentsOf(set: string): Promise<[name: string, contents: string][]> {
  const names = (await readdir(join(folder, set))).sort()
  return Promise.all(names.map(async (name) => [name, await readFile(join(folder, set, name), 'latin1')]))
}

const pages = 'pages.jsonl --text-field body --vocab-size 300 --split 8:1:1 --deduplicate --shard-tokens 20000'.split(
  ' ',
)

describe('swat data prepare', () => {
  it('tells what it made, in words and as JSON', async () => {
    const first = await prepare(...pages, '--out', 'set', '--workers', '1')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^Set {9}set\nVocabulary {2}300 tokens\n/m)
    expect(first.stdout).toMatch(/^Train {7}[\d,]+ tokens of \d+ documents, \d\.\d\d bytes per token, in \d+ files\n/m)
    expect(first.stdout).toMatch(/^Validation {2}[\d,]+ tokens of \d documents?, .* in \d files?\n/m)
    expect(first.stdout).toMatch(/^Left out {4}2 empty documents, 1 repeat\n/m)
    expect(first.stdout).toMatch(/^Time .* for the tokenizer; [\d,]+ tokens\/s\n$/m)
    const manifest = await verifyShards(join(folder, 'set'))

    const again = await prepare(...pages, '--out', 'set', '--json')
    const events = again.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const { tokens, documents, bytes, shards } = manifest.splits.train!
    expect(events.at(-1)).toMatchObject({
      event: 'prepared',
      outcome: 'present',
      vocabSize: 300,
      empty: 2,
      duplicates: 1,
      splits: [
        { split: 'train', tokens, documents, bytes, files: shards.length },
        { split: 'validation' },
        { split: 'test' },
      ],
    })
  })

  it('killed while it learns and while it writes, it ends with the bytes of an undisturbed run', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => JSON.stringify({ body: `${i} ${tinyText}` }))
    await writeFile(join(folder, 'many.jsonl'), lines.join('\n'))
    const many = ['many.jsonl', ...pages.slice(1, -1), '300000']
    expect((await prepare(...many, '--out', 'straight')).code).toBe(0)
    const args = ['data', 'prepare', ...many, '--out', 'killed', '--workers', '2', '--json']
    for (const event of ['"task":"tokenizer"', '"event":"prepare"']) {
      const { signal, stderr } = await outcomeOf(startProgram('die-at-output', [event, ...args], folder))
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
      expect(await readdir(join(folder, 'killed'))).toContain('unfinished')
    }
    expect(await runSwat(args, folder)).toMatchObject({ code: 0, stderr: '' })
    expect(await contentsOf('killed')).toEqual(await contentsOf('straight'))
  })

  it('with --config writes the tokens that the run would make itself', async () => {
    const set = ['tokenizer={type: bpe, vocabSize: 290, endOfDocument: <|end|>}', 'split.validationShare=0.25']
    const written = await prepare(
      '--config',
      'tiny.yaml',
      ...set.flatMap((one) => ['--set', one]),
      '--out',
      'run-tokens',
    )
    expect(written).toMatchObject({ code: 0, stderr: '' })
    const before = process.cwd()
    process.chdir(folder)
    try {
      const config = await readRunConfig('tiny.yaml', { set })
      const documents = await readSplit(config)
      const tokenizer = await makeTokenizer(config.tokenizer, documents.train, () => {})
      expect((await readTokenizer('run-tokens/tokenizer.json')).toJSON()).toEqual(tokenizer.toJSON())
      for (const split of ['train', 'validation'] as const) {
        const packed = packText(documents[split], tokenizer, '<|end|>')
        const source = openShards('run-tokens', { split })
        const tokens = new Int32Array(source.tokenCount)
        source.read(0, tokens)
        expect([...tokens]).toEqual([...packed.tokens])
        source.close()
      }
    } finally {
      process.chdir(before)
    }
  })

  it('refuses another set in the folder, with the options to use', async () => {
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine/thesis.txt'), 'do not touch')
    const foreign = await prepare('text.txt', '--tokenizer', 'byte', '--out', 'mine')
    expect(foreign.stderr).toBe('swat: mine holds other files (thesis.txt). Choose a new or an empty folder.\n')
    expect((await prepare('text.txt', '--tokenizer', 'byte', '--out', 'bytes')).code).toBe(0)
    const other = await prepare('text.txt', '--tokenizer', 'byte', '--seed', '7', '--out', 'bytes')
    expect(other.code).toBe(1)
    expect(other.stderr).toContain(
      'What differs: options.seed (was 0, now 7). Restore these, choose another folder, or begin anew with --restart.',
    )
    const restarted = await prepare('text.txt', '--tokenizer', 'byte', '--seed', '7', '--out', 'bytes', '--restart')
    expect(restarted).toMatchObject({ code: 0, stderr: '' })
  })

  it('stops at a full disk with the reason, and goes on when there is room', async ({ skip }) => {
    const disk = join(folder, 'disk')
    await mkdir(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      skip('a file system of its own can only be mounted by root')
    }
    try {
      const args = ['pages.jsonl', '--text-field', 'body', '--tokenizer', 'byte', '--out', 'disk/set']
      const full = await prepare(...args)
      expect(full.code).toBe(1)
      expect(full.stderr).toMatch(/disk\/set.* cannot be written: the disk is full\. Free some space/)
      expect(() => openShards(join(disk, 'set'), { split: 'train' })).toThrow('no manifest.json')
      execFileSync('mount', ['-o', 'remount,size=10m', disk])
      expect(await prepare(...args)).toMatchObject({ code: 0, stderr: '' })
      await verifyShards(join(disk, 'set'))
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('refuses options that it does not know or that cannot be', async () => {
    const typo = await prepare('text.txt', '--out', 'nothing', '--dedupliacte')
    expect(typo.stderr).toBe("swat: unknown option '--dedupliacte' (Did you mean --deduplicate?)\n")
    const shares = await prepare('text.txt', '--out', 'nothing', '--split', '0:1')
    expect(shares.stderr).toContain(
      "argument '0:1' is invalid. Expected shares of train, validation and test, such as 8:1:1",
    )
    const few = await prepare('text.txt', '--out', 'nothing', '--tokenizer', 'byte', '--split', '8:1:1')
    expect(few.stderr).toMatch(/1 documents? give .* none\. .* other shares, or take --split position:0\.1\.\n$/)
    const missing = await prepare('nowhere.txt', '--out', 'nothing')
    expect(missing.stderr).toContain('there is no file or folder nowhere.txt')
    expect(await readdir(folder)).not.toContain('nothing')
  })
})

describe('options that do not go together', () => {
  const base = { out: 'set', set: [] }
  it.each<[string[], object, string]>([
    [[], {}, 'Give what to read in one way: files and folders, --module, --hub, --train'],
    [['a'], { hub: 'b/c' }, 'there are inputs and --hub'],
    [['a'], { validation: ['b'] }, '--validation needs --train.'],
    [['a'], { hubFiles: ['b'] }, '--hub-files needs --hub.'],
    [[], { train: ['a'], split: { by: 'document', shares: [8, 2] } }, '--split divides one source, but --train names'],
    [['a'], { set: ['seed=2'] }, '--set needs --config.'],
    [['a'], { tokenizer: 'byte', vocabSize: 300 }, '--vocab-size is about a tokenizer that is trained'],
    [[], { module: 'a', format: 'csv' }, '--format is about files; a module has none.'],
    [[], { module: 'a', recordsPath: 'data' }, '--records-path is about files; a module has none.'],
    [[], { config: 'a.yaml', seed: 3 }, '--seed is decided by --config.'],
    [[], { config: 'a.yaml', endOfDocument: false }, '--end-of-document is decided by --config.'],
  ])('%j %j', async (inputs, options, reason) => {
    await expect(prepareSettings(inputs, { ...base, ...options })).rejects.toThrow(reason)
  })

  it('what a module exports is read with the options about texts', () => {
    const options = { module: 'a', textField: 'body', missingText: 'skip', invalidText: 'replace' } as const
    expect(sourceOfOptions([], options)).toEqual(options)
  })
})
