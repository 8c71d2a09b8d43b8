import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTokenFile, type TokenFileOptions } from './open-token-file.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-token-file-'))
})
afterAll(() => rm(root, { recursive: true }))

/** A file of numbers, 16 or 32 bits each, little-endian whatever the machine. */
async function file(
  name: string,
  header: readonly number[],
  ids: readonly number[],
  width: 2 | 4 = 2,
): Promise<string> {
  const head = header.length === 0 ? 0 : 1024
  const bytes = new DataView(new ArrayBuffer(head + width * ids.length))
  header.forEach((value, index) => bytes.setInt32(4 * index, value, true))
  ids.forEach((id, index) =>
    width === 2 ? bytes.setUint16(head + 2 * index, id, true) : bytes.setUint32(head + 4 * index, id, true),
  )
  const path = join(root, name)
  await writeFile(path, new Uint8Array(bytes.buffer))
  return path
}

function everything(path: string, options: TokenFileOptions): { format: string; tokens: number[]; starts: number[] } {
  const source = openTokenFile(path, options)
  const tokens = new Int32Array(source.tokenCount)
  source.read(0, tokens)
  const starts = Array.from({ length: source.documentCount + 1 }, (_, index) => source.documentStart(index))
  source.close()
  return { format: source.format, tokens: [...tokens], starts }
}

const gpt2 = { vocabSize: 50257, endOfDocument: 50256 }

describe('nanoGPT', () => {
  test('ids of 16 bits; documents begin behind each end', async () => {
    const ids = [1, 2, 50256, 3, 50256, 40000, 5, 50256]
    const path = await file('nano.bin', [], ids)
    expect(everything(path, gpt2)).toEqual({ format: 'nanogpt', tokens: ids, starts: [0, 3, 5, 8] })
    expect(everything(path, { ...gpt2, endOfDocument: null }).starts).toEqual([0, 8])
    expect(everything(path, { ...gpt2, delimiter: 'before' }).starts).toEqual([0, 2, 4, 7, 8])
  })

  test('the number of bytes is unknown, unless it is given', async () => {
    const path = await file('bytes.bin', [], [1])
    expect(openTokenFile(path, gpt2).byteLength).toBeNaN()
    expect(openTokenFile(path, { ...gpt2, byteLength: 7 }).byteLength).toBe(7)
  })

  test('any range', async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 50000)
    const source = openTokenFile(await file('range.bin', [], ids), gpt2)
    for (const [start, length] of [
      [0, 1],
      [4999, 1],
      [17, 257],
      [1, 4999],
      [5000, 0],
    ] as const) {
      const target = new Int32Array(length)
      source.read(start, target)
      expect([...target]).toEqual(ids.slice(start, start + length))
    }
    for (const start of [4999, -1, 0.5, NaN]) {
      expect(() => source.read(start, new Int32Array(2))).toThrow(`2 tokens from position ${start} are not there`)
    }
  })
})

describe('llm.c', () => {
  test('16 bits behind a header; documents begin at each delimiter', async () => {
    const ids = [50256, 1, 2, 50256, 3]
    const path = await file('gpt2.bin', [20240520, 1, 5], ids)
    expect(everything(path, gpt2)).toEqual({ format: 'llm.c', tokens: ids, starts: [0, 3, 5] })
  })

  test('32 bits for Llama 3', async () => {
    const ids = [128000, 1, 128255, 128000, 3]
    const path = await file('llama.bin', [20240801, 7, 5], ids, 4)
    const found = everything(path, { vocabSize: 128256, endOfDocument: 128000 })
    expect(found).toEqual({ format: 'llm.c', tokens: ids, starts: [0, 3, 5] })
  })
})

describe('refuses', () => {
  test.each<
    [what: string, make: () => Promise<string>, options: Partial<TokenFileOptions>, code: string, reason: string]
  >([
    ['a missing file', async () => join(root, 'none.bin'), {}, 'file-not-found', 'there is no such file'],
    ['a folder', async () => root, {}, 'unreadable-file', 'cannot be read'],
    [
      'an odd number of bytes',
      async () => {
        const path = join(root, 'odd.bin')
        await writeFile(path, new Uint8Array(7))
        return path
      },
      {},
      'invalid-shards',
      'has 7 bytes, but ids of 16 bits',
    ],
    ['an empty file', async () => file('empty.bin', [], []), {}, 'invalid-shards', 'is empty'],
    [
      'another magic number',
      async () => file('magic.bin', [], [1, 2, 3, 4, 5, 6]),
      { format: 'llm.c' },
      'invalid-shards',
      'magic number 131073',
    ],
    ['another version', async () => file('version.bin', [20240520, 2, 1], [1]), {}, 'invalid-shards', 'version 2'],
    [
      'a file that is cut short',
      async () => file('short.bin', [20240520, 1, 9], [1]),
      {},
      'invalid-shards',
      'its header says 9 tokens, which make 1042',
    ],
    [
      'an end outside the vocabulary',
      async () => file('end.bin', [], [1]),
      { endOfDocument: 50257 },
      'invalid-argument',
      'endOfDocument must be a whole number from 0 to 50256',
    ],
    [
      'another place of the delimiter',
      async () => file('place.bin', [], [1]),
      { delimiter: 'behind' as 'after' },
      'invalid-argument',
      `delimiter must be 'after' or 'before', got "behind".`,
    ],
    [
      'another format',
      async () => file('format.bin', [], [1]),
      { format: 'numpy' as 'nanogpt' },
      'invalid-argument',
      `format must be 'auto' or 'nanogpt' or 'llm.c', got "numpy".`,
    ],
    [
      'a token outside the vocabulary',
      async () => file('token.bin', [], [1, 50257]),
      {},
      'invalid-shards',
      'token 1 is 50257',
    ],
  ])('%s', async (_, make, options, code, reason) => {
    const path = await make()
    expect(() => everything(path, { ...gpt2, ...options })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(reason) }),
    )
  })
})
