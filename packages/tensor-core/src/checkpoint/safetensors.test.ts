import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SwatError } from '../swat-error.js'
import { readSafetensors, writeSafetensors, type SafetensorsEntry } from './safetensors.js'
import { safetensorsToFloat32 } from './safetensors-to-float32.js'

const fixture = new Uint8Array(readFileSync(new URL('../../test/fixtures/python.safetensors', import.meta.url)))

function file(header: unknown, dataLength: number, options: { length?: number } = {}): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataLength)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(options.length ?? json.length), true)
  bytes.set(json, 8)
  return bytes
}

function errorOf(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error
  }
}

describe('the file that Python wrote', () => {
  it('is read in every element type', () => {
    const { tensors, metadata } = readSafetensors(fixture)
    expect(metadata).toEqual({ format: 'pt', note: 'größe "1"' })
    const read = [...tensors].map(([name, { dtype, shape, data }]) => [name, [dtype, shape, [...data]]])
    expect(Object.fromEntries(read)).toEqual({
      double: ['F64', [2], [1.5, -2.25e-300]],
      weight: ['F32', [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
      half: ['F16', [6], [0x3c00, 0xb800, 0x7bff, 0x0001, 0x7c00, 0x7e00]],
      long: ['I64', [2], [2n ** 62n + 1n, -3n]],
      int: ['I32', [2, 1], [7, -8]],
      short: ['I16', [2], [300, -300]],
      byte: ['I8', [3], [-128, 127, 1]],
      unsigned: ['U8', [3], [0, 255, 3]],
      flag: ['BOOL', [3], [1, 0, 1]],
      scalar: ['F32', [], [2.5]],
      empty: ['F32', [0, 4], []],
      'name with "quotes", ünïcode': ['F32', [1], [1]],
    })
  })

  it('is written again byte for byte', () => {
    const { tensors, metadata } = readSafetensors(fixture)
    expect(writeSafetensors(tensors, metadata)).toEqual(fixture)
  })

  it('is read from a view that is not aligned', () => {
    const shifted = Buffer.concat([Buffer.from([0]), fixture]).subarray(1)
    expect(readSafetensors(shifted)).toEqual(readSafetensors(fixture))
  })

  it('converts to float32', () => {
    const { tensors } = readSafetensors(fixture)
    const floats = (name: string) => [...safetensorsToFloat32(tensors.get(name) as SafetensorsEntry)]
    expect(floats('half')).toEqual([1, -0.5, 65504, 2 ** -24, Infinity, NaN])
    expect(floats('double')).toEqual([1.5, -0])
    expect(floats('weight')).toEqual([0, 0.25, 0.5, 0.75, 1, 1.25])
    const bfloat: SafetensorsEntry = { dtype: 'BF16', shape: [3], data: Uint16Array.of(0x3f80, 0xc0a0, 0x7f80) }
    expect([...safetensorsToFloat32(bfloat)]).toEqual([1, -5, Infinity])
    expect(() => floats('int')).toThrow('expected F32, F64, F16 or BF16, but the tensor is I32')
  })
})

describe('writeSafetensors', () => {
  it('gives what readSafetensors reads, with the header padded to 8 bytes', () => {
    const name = fc.string().filter((name) => name !== '__metadata__')
    const tensors = fc.dictionary(name, fc.float32Array({ noNaN: true, maxLength: 20 }), { maxKeys: 6 })
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (arrays, metadata) => {
        const entries = Object.entries(arrays).map(
          ([name, data]) => [name, { dtype: 'F32', shape: [1, data.length], data } as SafetensorsEntry] as const,
        )
        const bytes = writeSafetensors(entries, metadata)
        const read = readSafetensors(bytes)
        expect([...read.tensors]).toEqual(entries)
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort())
        expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n)
        expect(writeSafetensors(entries, metadata)).toEqual(bytes)
      }),
    )
  })

  it('refuses names used twice, reserved names and data that do not fit', () => {
    const entry: SafetensorsEntry = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }
    expect(() =>
      writeSafetensors([
        ['a', entry],
        ['a', entry],
      ]),
    ).toThrow("writeSafetensors: the name 'a' is used twice.")
    expect(() => writeSafetensors([['__metadata__', entry]])).toThrow("the name '__metadata__' is reserved")
    expect(() => writeSafetensors([['a', { ...entry, shape: [3] }]])).toThrow(
      "'a' has dtype F32 and shape [3], so its data must be a Float32Array of 3, but are a Float32Array of 2",
    )
    expect(() => writeSafetensors([['a', { ...entry, dtype: 'I32' }]])).toThrow('must be a Int32Array of 2')
    expect(() => writeSafetensors([['a', { ...entry, shape: [-1, -2] }]])).toThrow(
      "'a' must have a shape of whole numbers, but has [-1,-2]",
    )
    const unknown = { ...entry, dtype: 'toString' as 'F32' }
    expect(() => writeSafetensors([['a', unknown]])).toThrow(`'a' has dtype "toString"; known are F64, F32`)
  })

  it('refuses what UTF-8 cannot say, and metadata that are not strings', () => {
    const entry: SafetensorsEntry = { dtype: 'U8', shape: [0], data: new Uint8Array() }
    expect(() => writeSafetensors([['a\ud800', entry]])).toThrow('has half a surrogate pair')
    const faults: Record<string, string>[] = [{ a: '\udc00' }, { '\ud83d': 'a' }, { step: 1 as unknown as string }]
    for (const metadata of faults) {
      expect(() => writeSafetensors([['a', entry]], metadata)).toThrow('__metadata__ must hold Unicode strings only')
    }
    const whole = writeSafetensors([['🐋 \u0000"\\', entry]], { '🐋': '\u2028' })
    expect([...readSafetensors(whole).tensors.keys()]).toEqual(['🐋 \u0000"\\'])
    expect(readSafetensors(whole).metadata).toEqual({ '🐋': '\u2028' })
  })

  it('keeps the order of names, even of those that are numbers or properties of every object', () => {
    const entry: SafetensorsEntry = { dtype: 'U8', shape: [], data: Uint8Array.of(1) }
    const names = ['b', '10', '2', '__proto__', '', 'a', 'constructor']
    expect([...readSafetensors(writeSafetensors(names.map((name) => [name, entry]))).tensors.keys()]).toEqual(names)
  })

  it('lays out wide elements first, so that all can be used where they lie', () => {
    const entries: [string, SafetensorsEntry][] = [
      ['flag', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ['half', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }],
      ['weight', { dtype: 'F32', shape: [1, 1], data: Float32Array.of(2.5) }],
      ['mask', { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) }],
      ['count', { dtype: 'U64', shape: [], data: BigUint64Array.of(2n ** 64n - 1n) }],
    ]
    const bytes = writeSafetensors(entries)
    const read = readSafetensors(bytes)
    expect([...read.tensors]).toEqual(entries)
    const places = [...read.tensors].map(([name, { data }]) => [name, data.byteOffset, data.buffer === bytes.buffer])
    const start = bytes.length - 8 - 4 - 2 - 3 - 2
    expect(places).toEqual([
      ['flag', start + 14, true],
      ['half', start + 12, true],
      ['weight', start + 8, true],
      ['mask', start + 17, true],
      ['count', start, true],
    ])
  })
})

describe('readSafetensors refuses', () => {
  const description = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
  const faults: { name: string; bytes: Uint8Array; message: string }[] = [
    { name: 'a file of 7 bytes', bytes: new Uint8Array(7), message: 'expected at least 8 bytes, but the file has 7' },
    {
      name: 'a huge header',
      bytes: file({}, 0, { length: 100_000_001 }),
      message: 'the first 8 bytes give a header of 100000001 bytes; the limit is 100000000',
    },
    {
      name: 'a header longer than the file',
      bytes: file({}, 0, { length: 3 }),
      message: 'the header should end at byte 11, but the file has 10',
    },
    {
      name: 'a header of 2^60 bytes',
      bytes: file({}, 0, { length: 2 ** 60 }),
      message: `the first 8 bytes give a header of ${2n ** 60n} bytes; the limit is 100000000`,
    },
    {
      name: 'a header that is not UTF-8',
      bytes: file('{"\u007f":{}}', 0).map((byte) => (byte === 0x7f ? 0xff : byte)),
      message: 'the header must be UTF-8, but is not',
    },
    { name: 'a header that ends in zeros', bytes: file('{}\0\0', 0), message: 'the header is not JSON' },
    { name: 'a header that is not JSON', bytes: file('{"a"', 0), message: 'the header is not JSON' },
    { name: 'a header that is no object', bytes: file('[1]', 0), message: 'must be a JSON object' },
    { name: 'a header that starts with a space', bytes: file(' {}', 0), message: 'starts in its first byte' },
    {
      name: 'a name that occurs twice',
      bytes: file(`{"a":${JSON.stringify(description)},"\\u0061":${JSON.stringify(description)}}`, 8),
      message: "the name 'a' occurs twice",
    },
    {
      name: 'a field that occurs twice',
      bytes: file('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', 8),
      message: "the name 'shape' occurs twice",
    },
    {
      name: 'a name that is no Unicode',
      bytes: file({ '\ud800': description }, 8),
      message: 'has half a surrogate pair',
    },
    {
      name: 'a description that is no object',
      bytes: file({ a: [1, 2] }, 0),
      message: "'a': its description must be an object, but is [1,2]",
    },
    {
      name: 'a description without a shape',
      bytes: file({ a: { dtype: 'F32', data_offsets: [0, 8] } }, 8),
      message: "'a': shape must be whole numbers, but is missing",
    },
    {
      name: 'an unknown dtype',
      bytes: file({ a: { ...description, dtype: 'F8' } }, 8),
      message: `'a': dtype must be one of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, but is "F8"`,
    },
    {
      name: 'a dtype that is a property of every object',
      bytes: file({ a: { ...description, dtype: 'constructor' } }, 8),
      message: 'dtype must be one of',
    },
    {
      name: 'a negative shape',
      bytes: file({ a: { ...description, shape: [-2] } }, 8),
      message: "'a': shape must be whole numbers, but is [-2]",
    },
    ...[[1.5], [2, null], ['2'], 2, { 0: 2 }, 'ab', [2 ** 53]].map((shape) => ({
      name: `the shape ${JSON.stringify(shape)}`,
      bytes: file({ a: { ...description, shape } }, 8),
      message: `'a': shape must be whole numbers, but is ${JSON.stringify(shape)}`,
    })),
    {
      name: 'a negative zero',
      bytes: file('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}', 0),
      message: "'a': shape must be whole numbers",
    },
    ...[
      [2 ** 31, 2 ** 31],
      [2 ** 30, 2 ** 30, 2 ** 4], // 0 modulo 2^64
      [2 ** 52, 2 ** 52, 0],
    ].map((shape) => ({
      name: `the shape [${shape}], whose size overflows`,
      bytes: file({ a: { ...description, shape, data_offsets: [0, 0] } }, 0),
      message: `'a': F32 ${JSON.stringify(shape)} takes more than 2^53 bytes, but its data_offsets span 0`,
    })),
    ...[[0], [0, 4, 8], [-4, 4], [0.5, 8.5], 8, null].map((offsets) => ({
      name: `the offsets ${JSON.stringify(offsets)}`,
      bytes: file({ a: { ...description, data_offsets: offsets } }, 8),
      message: `'a': data_offsets must be [begin, end], but are ${JSON.stringify(offsets)}`,
    })),
    {
      name: 'offsets past the end that fit a huge shape',
      bytes: file({ a: { dtype: 'U8', shape: [2 ** 52], data_offsets: [0, 2 ** 52] } }, 8),
      message: `'a': ends at byte ${2 ** 52} of the data, which has 8: cut short`,
    },
    {
      name: 'an empty tensor within another',
      bytes: file({ a: description, b: { ...description, shape: [0], data_offsets: [4, 4] } }, 8),
      message: "'b' begins at byte 4 of the data and overlaps the tensor before it (byte 8)",
    },
    {
      name: 'a tensor twice at the same place',
      bytes: file({ a: description, b: description }, 8),
      message: "'b' begins at byte 0 of the data and overlaps the tensor before it (byte 8)",
    },
    {
      name: 'a hole at the beginning',
      bytes: file({ a: { ...description, data_offsets: [4, 12] } }, 12),
      message: "'a' begins at byte 4 of the data and leaves a gap before it (byte 0)",
    },
    {
      name: 'data without a tensor',
      bytes: file({}, 1),
      message: 'the tensors end at byte 0 of the data, which has 1',
    },
    ...[null, [], 'pt', { a: null }, { a: ['b'] }].map((metadata) => ({
      name: `the metadata ${JSON.stringify(metadata)}`,
      bytes: file({ __metadata__: metadata }, 0),
      message: `__metadata__ must hold Unicode strings only, but is ${JSON.stringify(metadata)}`,
    })),
    {
      name: 'offsets that run backwards',
      bytes: file({ a: { ...description, data_offsets: [8, 0] } }, 8),
      message: "'a': data_offsets must be [begin, end], but are [8,0]",
    },
    {
      name: 'offsets that do not fit the shape',
      bytes: file({ a: { ...description, shape: [3] } }, 8),
      message: "'a': F32 [3] takes 12 bytes, but its data_offsets span 8",
    },
    {
      name: 'a file that is cut short',
      bytes: file({ a: description }, 4),
      message: "'a': ends at byte 8 of the data, which has 4: cut short",
    },
    {
      name: 'a gap',
      bytes: file({ a: description, b: { ...description, data_offsets: [12, 20] } }, 20),
      message: "'b' begins at byte 12 of the data and leaves a gap before it (byte 8)",
    },
    {
      name: 'an overlap',
      bytes: file({ a: description, b: { ...description, data_offsets: [4, 12] } }, 12),
      message: "'b' begins at byte 4 of the data and overlaps the tensor before it (byte 8)",
    },
    {
      name: 'bytes left over',
      bytes: file({ a: description }, 9),
      message: 'the tensors end at byte 8 of the data, which has 9',
    },
    {
      name: 'metadata that are not strings',
      bytes: file({ __metadata__: { step: 1 } }, 0),
      message: '__metadata__ must hold Unicode strings only, but is {"step":1}',
    },
  ]

  it.each(faults)('$name', ({ bytes, message }) => {
    const error = errorOf(() => readSafetensors(bytes))
    expect(error).toBeInstanceOf(SwatError)
    expect(error).toMatchObject({ code: 'safetensors', message: expect.stringContaining(message) as string })
    expect((error as SwatError).message).toMatch(/^readSafetensors: .*\. (Fetch or write|Convert) [^.]*\.$/s)
  })

  it('in few words, however long or deep the header is', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    for (const header of [
      `{"a":${deep}}`,
      `{"a":{"dtype":"F32","shape":[${deep}],"data_offsets":[0,8]}}`,
      JSON.stringify({ __metadata__: { a: ['x'.repeat(1_000_000)] } }),
      JSON.stringify({ ['x'.repeat(1_000_000)]: { ...description, shape: Array<number>(100_000).fill(-1) } }),
      `"${'x'.repeat(1_000_000)}"`,
    ]) {
      const error = errorOf(() => readSafetensors(file(header, 8)))
      expect(error).toBeInstanceOf(SwatError)
      expect((error as SwatError).message.length).toBeLessThan(500)
    }
  })

  it('overlapping tensors before it copies them', () => {
    const one = { dtype: 'F32', shape: [2 ** 20], data_offsets: [0, 2 ** 22] }
    const header = JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, one])))
    const unaligned = file(`${header} `.padEnd(Math.ceil(header.length / 4) * 4 + 1), 2 ** 22)
    const before = process.memoryUsage().arrayBuffers
    const error = errorOf(() => readSafetensors(unaligned))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 2 ** 22)
    expect(error).toMatchObject({ message: expect.stringContaining('overlaps') as string })
  })

  it('any damaged file with a SwatError or reads what it says, never with anything else', () => {
    fc.assert(
      fc.property(fc.nat({ max: fixture.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const damaged = fixture.slice()
        damaged[at] = value
        try {
          readSafetensors(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(SwatError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
