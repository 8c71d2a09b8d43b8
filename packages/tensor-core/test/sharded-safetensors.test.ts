import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SwatError, writeSafetensors, type SafetensorsEntry } from '../src/index.js'
import { readShardedSafetensors, writeShardedSafetensors } from '../src/node.js'

const indexName = 'model.safetensors.index.json'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sharded-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Tensors a, b, c and so on of so many float32 numbers, all of one value. */
function tensorsOf(value: number, ...lengths: number[]): [string, SafetensorsEntry][] {
  return lengths.map((length, i) => {
    return [String.fromCharCode(97 + i), { dtype: 'F32', shape: [length], data: new Float32Array(length).fill(value) }]
  })
}

async function readIndex(): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, indexName), 'utf8'))
}

describe('writeShardedSafetensors', () => {
  it('fills shards in the order of the entries and names them as Hugging Face does', async () => {
    const tensors = tensorsOf(1, 2, 1, 1, 9, 0, 3, 2)
    const written = await writeShardedSafetensors(folder, tensors, { maxShardBytes: 16, metadata: { format: 'pt' } })
    const shards = [1, 2, 3, 4].map((i) => `model-0000${i}-of-00004.safetensors`)
    expect(written).toEqual([...shards, indexName])
    expect((await readdir(folder)).sort()).toEqual([...written].sort())
    const places = { a: 0, b: 0, c: 0, d: 1, e: 2, f: 2, g: 3 }
    expect(await readIndex()).toEqual({
      metadata: { total_size: 72 },
      weight_map: Object.fromEntries(Object.entries(places).map(([name, i]) => [name, shards[i]])),
    })
    const second = new Uint8Array(await readFile(join(folder, shards[1])))
    expect(second).toEqual(writeSafetensors(tensors.slice(3, 4), { format: 'pt' }))
    const read = await readShardedSafetensors(folder)
    expect([...read.tensors]).toEqual(tensors)
    expect(read.metadata).toEqual({ format: 'pt' })
  })

  it('writes one file when it may hold everything', async () => {
    const tensors = tensorsOf(1, 2, 2)
    expect(await writeShardedSafetensors(join(folder, 'new/folder'), tensors, { maxShardBytes: 16 })).toEqual([
      'model.safetensors',
    ])
    const bytes = new Uint8Array(await readFile(join(folder, 'new/folder/model.safetensors')))
    expect(bytes).toEqual(writeSafetensors(tensors))
    expect([...(await readShardedSafetensors(join(folder, 'new/folder'))).tensors]).toEqual(tensors)
    expect((await writeShardedSafetensors(folder, tensors, { maxShardBytes: 15 })).length).toBe(3)
    expect(await writeShardedSafetensors(folder, [])).toEqual(['model.safetensors'])
    expect((await readShardedSafetensors(folder)).tensors.size).toBe(0)
  })

  it('gives what readShardedSafetensors reads, for any sizes, names and limits', async () => {
    const names = fc
      .oneof(fc.string(), fc.constantFrom('10', '2', '__proto__'))
      .filter((name) => name !== '__metadata__')
    const tensors = fc.uniqueArray(fc.tuple(names, fc.uint8Array({ maxLength: 12 })), { selector: ([name]) => name })
    await fc.assert(
      fc.asyncProperty(tensors, fc.integer({ min: 1, max: 30 }), async (arrays, maxShardBytes) => {
        const entries = arrays.map(([name, data]) => {
          return [name, { dtype: 'U8', shape: [data.length], data } as SafetensorsEntry] as const
        })
        const written = await writeShardedSafetensors(folder, entries, { maxShardBytes })
        expect((await readdir(folder)).sort()).toEqual([...written].sort())
        expect([...(await readShardedSafetensors(folder)).tensors]).toEqual(entries)
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    { from: [2, 2], to: [2, 2] },
    { from: [2, 2], to: [2, 2, 2] },
    { from: [2, 2], to: [1] },
    { from: [1], to: [2, 2] },
    { from: [1], to: [1] },
  ])('replaces $from by $to and removes what is no longer needed, nothing else', async ({ from, to }) => {
    const left = 'tmp-4194305-0f8fad5b-d9cb-469f-a165-70867728950e' // above the largest process id
    const others = ['config.json', 'model-1-of-2.safetensors', 'optimizer.safetensors', `state.json.${left}`]
    for (const name of [...others, `model.safetensors.${left}`]) await writeFile(join(folder, name), 'x')
    await writeShardedSafetensors(folder, tensorsOf(1, ...from), { maxShardBytes: 8 })
    const written = await writeShardedSafetensors(folder, tensorsOf(2, ...to), { maxShardBytes: 8 })
    expect((await readdir(folder)).sort()).toEqual([...others, ...written].sort())
    expect([...(await readShardedSafetensors(folder)).tensors]).toEqual(tensorsOf(2, ...to))
  })

  it('keeps the old weights and leaves nothing aside when the disk is full half way', async () => {
    await writeShardedSafetensors(folder, tensorsOf(1, 2, 2), { maxShardBytes: 8 })
    const before = (await readdir(folder)).sort()
    const tensors = tensorsOf(2, 2, 2)
    const { data } = tensors[1][1]
    Object.defineProperty(tensors[1][1], 'data', {
      get: () => {
        if (!existsFirstAside(before.length)) return data
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      },
    })
    await expect(writeShardedSafetensors(folder, tensors, { maxShardBytes: 8 })).rejects.toThrow(
      `writeShardedSafetensors: could not write ${folder} (ENOSPC). The disk is full`,
    )
    expect((await readdir(folder)).sort()).toEqual(before)
    expect([...(await readShardedSafetensors(folder)).tensors]).toEqual(tensorsOf(1, 2, 2))
  })

  it('refuses names used twice in different shards, reserved names, wrong data and limits before it writes', async () => {
    const [a, b] = tensorsOf(1, 2, 2)
    const target = join(folder, 'new')
    const refused = (tensors: [string, SafetensorsEntry][], options = {}) =>
      expect(writeShardedSafetensors(target, tensors, { maxShardBytes: 8, ...options })).rejects
    await refused([a, b, a]).toThrow(
      "writeShardedSafetensors: the name 'a' is used twice. Give each tensor its own name.",
    )
    await refused([a, ['__metadata__', b[1]]]).toThrow("the name '__metadata__' is reserved")
    await refused([a, ['b', { ...b[1], shape: [3] }]]).toThrow(
      'must be a Float32Array of 3, but are a Float32Array of 2',
    )
    await refused([a], { metadata: { step: 1 } }).toThrow('__metadata__ must hold Unicode strings only')
    for (const maxShardBytes of [0, -1, 1.5, NaN, Infinity, '5GB']) {
      await refused([a], { maxShardBytes }).toThrow(
        `writeShardedSafetensors: maxShardBytes must be a whole number from 1, but is ${maxShardBytes}. Leave it out`,
      )
    }
    expect(await readdir(folder)).toEqual([])
  })
})

/** Whether a file more than before stands in the folder. */
function existsFirstAside(before: number): boolean {
  return readdirSync(folder).length > before
}

describe('readShardedSafetensors', () => {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']

  /** Two shards of a and b, and this index. */
  async function writeWith(index: unknown): Promise<void> {
    await writeShardedSafetensors(folder, tensorsOf(1, 2, 2), { maxShardBytes: 8 })
    await writeFile(join(folder, indexName), typeof index === 'string' ? index : JSON.stringify(index))
  }

  const mapped = (places: unknown) => ({ metadata: { total_size: 16 }, weight_map: places })

  it('reads files that are links, names of any form and an index without metadata', async () => {
    await writeWith({ weight_map: { b: 'second', a: shards[0] } })
    await rename(join(folder, shards[1]), join(folder, 'blob'))
    await symlink('blob', join(folder, 'second'))
    expect([...(await readShardedSafetensors(folder)).tensors]).toEqual(tensorsOf(1, 2, 2))
  })

  it('joins metadata, of which the first file decides', async () => {
    await writeWith(mapped({ a: shards[0], b: shards[1] }))
    const [a, b] = tensorsOf(1, 2, 2)
    await writeFile(join(folder, shards[0]), writeSafetensors([a], { format: 'pt', first: '1' }))
    await writeFile(join(folder, shards[1]), writeSafetensors([b], { format: 'np', second: '2' }))
    expect((await readShardedSafetensors(folder)).metadata).toEqual({ format: 'pt', first: '1', second: '2' })
  })

  it('takes model.safetensors where both are there', async () => {
    await writeWith('damaged')
    await writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensorsOf(3, 1)))
    expect([...(await readShardedSafetensors(folder)).tensors]).toEqual(tensorsOf(3, 1))
  })

  const both = { a: shards[0], b: shards[1] }
  const faults: { name: string; index: unknown; message: string }[] = [
    { name: 'that is not JSON', index: '{', message: 'the index is not JSON in UTF-8' },
    { name: 'that is no object', index: [], message: 'the index must hold an object weight_map' },
    { name: 'without weight_map', index: { metadata: {} }, message: 'the index must hold an object weight_map' },
    { name: 'whose weight_map is a list', index: mapped([]), message: 'the index must hold an object weight_map' },
    { name: 'of nothing', index: mapped({}), message: 'the index names no tensor' },
    {
      name: 'that names a tensor twice',
      index: `{"weight_map":{"a":"${shards[0]}","b":"${shards[1]}","a":"${shards[1]}"}}`,
      message: "the index names 'a' twice",
    },
    {
      name: 'that forgets a tensor of a file',
      index: mapped({ a: shards[0], c: shards[1] }),
      message: "holds 'c', but",
    },
    {
      name: 'that puts a tensor into the wrong file',
      index: mapped({ a: shards[1], b: shards[0] }),
      message: `says that ${shards[0]} holds 'b', but it does not`,
    },
    {
      name: 'that does not name a tensor of a file',
      index: mapped({ a: shards[0], b: shards[1], extra: 'extra.safetensors' }),
      message: "does not say that extra.safetensors holds 'a', but it does",
    },
    {
      name: 'that names a file that is missing',
      index: mapped({ ...both, c: 'model-00003-of-00003.safetensors' }),
      message: 'names model-00003-of-00003.safetensors, which is missing. Fetch it into the same folder.',
    },
    { name: 'that names a folder', index: mapped({ ...both, c: 'sub' }), message: 'cannot be read (EISDIR)' },
    ...[
      '../x',
      '/etc/passwd',
      'sub/x',
      'sub\\x',
      'C:x',
      'C:\\x',
      '\\\\host\\x',
      '.',
      '..',
      '',
      'sub/',
      'a\0',
      3,
      null,
    ].map((file) => ({
      name: `that names the file ${JSON.stringify(file)}`,
      index: mapped({ ...both, c: file }),
      message: `'c' must be in a file of the same folder, but is said to be in ${JSON.stringify(file)}`,
    })),
  ]

  it.each(faults)('refuses an index $name', async ({ index, message }) => {
    await writeWith(index)
    await mkdir(join(folder, 'sub'))
    const extra = tensorsOf(1, 2)
    await writeFile(join(folder, 'extra.safetensors'), writeSafetensors([...extra, ['extra', extra[0][1]]]))
    const error = await readShardedSafetensors(folder).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SwatError)
    expect(error).toMatchObject({ code: 'safetensors', message: expect.stringContaining(message) as string })
    expect((error as SwatError).message).toMatch(/^readShardedSafetensors: .*\. (Fetch|Check) [^.]*\.$/s)
  })

  it('says which file is damaged, and what is missing', async () => {
    await writeWith(mapped(both))
    await writeFile(join(folder, shards[1]), 'short')
    const damaged = `readShardedSafetensors: ${join(folder, shards[1])}: expected at least 8 bytes, but the file has 5.`
    await expect(readShardedSafetensors(folder)).rejects.toThrow(damaged)
    await rm(join(folder, indexName))
    await expect(readShardedSafetensors(folder)).rejects.toThrow(
      `${folder} holds neither model.safetensors nor ${indexName}. Choose the folder that holds the weights.`,
    )
    await expect(readShardedSafetensors(join(folder, 'none'))).rejects.toThrow('holds neither')
  })
})
