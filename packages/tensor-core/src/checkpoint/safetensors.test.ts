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
    { name: 'a header that is not JSON', bytes: file('{"a"', 0), message: 'the header is not JSON' },
    { name: 'a header that is no object', bytes: file('[1]', 0), message: 'must be a JSON object' },
    { name: 'a header that starts with a space', bytes: file(' {}', 0), message: 'starts in its first byte' },
    {
      name: 'a name that occurs twice',
      bytes: file(`{"a":${JSON.stringify(description)},"\\u0061":${JSON.stringify(description)}}`, 8),
      message: "the name 'a' occurs twice",
    },
    {
      name: 'an unknown dtype',
      bytes: file({ a: { ...description, dtype: 'F8' } }, 8),
      message: `'a': dtype must be one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, but is "F8"`,
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
      message: "'a' ends at byte 8 of the data, which has 4: cut short",
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
      message: '__metadata__ must hold strings only, but is {"step":1}',
    },
  ]

  it.each(faults)('$name', ({ bytes, message }) => {
    expect(() => readSafetensors(bytes)).toThrow(SwatError)
    expect(() => readSafetensors(bytes)).toThrow(message)
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
