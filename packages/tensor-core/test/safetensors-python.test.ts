import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  readSafetensors,
  SwatError,
  writeSafetensors,
  type SafetensorsDtype,
  type SafetensorsEntry,
} from '../src/index.js'
import { readShardedSafetensors, writeShardedSafetensors } from '../src/node.js'

/** Name, NumPy's dtype, shape, bytes in hex. */
type PythonTensor = [string, string, number[], string]

interface PythonFile {
  metadata: Record<string, string> | null
  tensors: PythonTensor[]
}

const candidates = process.env.SWAT_PYTHON ? [process.env.SWAT_PYTHON] : ['python3', 'python']
const python = candidates.find((command) => spawnSync(command, ['-c', 'import safetensors, numpy']).status === 0)
const reason = python
  ? ''
  : ` (skipped: ${candidates.join(' and ')} cannot import safetensors and numpy. pip install safetensors numpy, ` +
    'or name a Python that has them in SWAT_PYTHON)'
const script = fileURLToPath(new URL('fixtures/exchange-safetensors.py', import.meta.url))

function askPython(request: unknown): unknown {
  const input = JSON.stringify(request)
  const env = { ...process.env, PYTHONUTF8: '1' }
  const { status, stdout, stderr } = spawnSync(python as string, [script], { input, env, maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`Python failed: ${String(stderr)}`)
  return JSON.parse(String(stdout))
}

const types = {
  F64: [Float64Array, 'float64'],
  F32: [Float32Array, 'float32'],
  F16: [Uint16Array, 'float16'],
  BF16: [Uint16Array, 'bfloat16'],
  I64: [BigInt64Array, 'int64'],
  I32: [Int32Array, 'int32'],
  I16: [Int16Array, 'int16'],
  I8: [Int8Array, 'int8'],
  U64: [BigUint64Array, 'uint64'],
  U32: [Uint32Array, 'uint32'],
  U16: [Uint16Array, 'uint16'],
  U8: [Uint8Array, 'uint8'],
  BOOL: [Uint8Array, 'bool'],
} as const satisfies Record<SafetensorsDtype, unknown>

const names = fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__' && !/\p{Surrogate}/u.test(name))

const entries = fc
  .tuple(
    fc.constantFrom(...(Object.keys(types) as SafetensorsDtype[])),
    fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
    fc.infiniteStream(fc.nat({ max: 255 })),
  )
  .map(([dtype, shape, random]): SafetensorsEntry => {
    const [array] = types[dtype]
    const length = shape.reduce((size, axis) => size * axis, 1) * array.BYTES_PER_ELEMENT
    const bytes = Uint8Array.from({ length }, () => (random.next().value as number) & (dtype === 'BOOL' ? 1 : 255))
    return { dtype, shape, data: new array(bytes.buffer) }
  })

const randomFiles = fc.sample(
  fc.record({
    tensors: fc.uniqueArray(fc.tuple(names, entries), { selector: ([name]) => name, maxLength: 8 }),
    metadata: fc.dictionary(names, names, { noNullPrototype: true }),
  }),
  { seed: 1, numRuns: 100 },
)
const everyDtype = (Object.keys(types) as SafetensorsDtype[]).map((dtype): [string, SafetensorsEntry] => {
  const [array] = types[dtype]
  return [`größe ${dtype} 🐋`, { dtype, shape: [], data: new array(1) }]
})
const files = [...randomFiles, { tensors: everyDtype, metadata: {} }]

function inPython(tensors: Iterable<readonly [string, SafetensorsEntry]>): PythonTensor[] {
  return [...tensors].map(([name, { dtype, shape, data }]) => {
    const hex = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
    return [name, types[dtype][1], [...shape], hex]
  })
}

const byName = (tensors: PythonTensor[]) => new Map(tensors.map(([name, ...rest]) => [name, rest]))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!python)(`files exchanged with Python${reason}`, () => {
  it('are read there as they were written here', () => {
    const paths = files.map(({ tensors, metadata }, i) => {
      const path = join(folder, `${i}.safetensors`)
      writeFileSync(path, writeSafetensors(tensors, metadata))
      return path
    })
    const read = askPython({ read: paths }) as PythonFile[]
    expect(read.length).toBe(files.length)
    for (const [i, { tensors, metadata }] of files.entries()) {
      expect(byName(read[i].tensors)).toEqual(byName(inPython(tensors)))
      expect(read[i].metadata).toEqual(metadata)
    }
  })

  it('are read here as they were written there, and laid out the same', () => {
    const requests = files.map(({ tensors, metadata }, i) => {
      return { path: join(folder, `${i}.safetensors`), metadata, tensors: inPython(tensors) }
    })
    askPython({ write: requests })
    for (const { path, metadata, tensors } of requests) {
      const bytes = new Uint8Array(readFileSync(path))
      const read = readSafetensors(bytes)
      expect(byName(inPython(read.tensors))).toEqual(byName(tensors))
      expect(read.metadata).toEqual(metadata)
      expect(writeSafetensors(read.tensors, read.metadata)).toEqual(bytes)
    }
  })

  it('are refused both there and here when damaged, or read alike', () => {
    const whole = writeSafetensors(randomFiles.find(({ tensors }) => tensors.length > 5)?.tensors ?? everyDtype)
    const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true))
    const damage = fc.record({ at: fc.nat({ max: headerEnd - 1 }), byte: fc.nat({ max: 255 }) })
    const damaged = fc.sample(damage, { seed: 2, numRuns: 500 }).map(({ at, byte }, i) => {
      const bytes = whole.slice()
      bytes[at] = byte
      const path = join(folder, `${i}.safetensors`)
      writeFileSync(path, bytes)
      return { path, bytes }
    })
    const verdicts = askPython({ read: damaged.map(({ path }) => path) }) as (PythonFile | { error: string })[]
    for (const [i, { bytes }] of damaged.entries()) {
      const here = attempt(() => byName(inPython(readSafetensors(bytes).tensors)))
      const verdict = verdicts[i]
      expect(here).toEqual('error' in verdict ? expect.any(SwatError) : byName(verdict.tensors))
    }
  })

  it('are read there shard by shard', async () => {
    const { tensors, metadata } = { tensors: everyDtype, metadata: { format: 'pt' } }
    const written = await writeShardedSafetensors(folder, tensors, { maxShardBytes: 8, metadata })
    const index = JSON.parse(readFileSync(join(folder, written[written.length - 1]), 'utf8')) as {
      weight_map: Record<string, string>
    }
    const shards = written.slice(0, -1)
    expect(shards.length).toBeGreaterThan(3)
    const read = askPython({ read: shards.map((name) => join(folder, name)) }) as PythonFile[]
    for (const [i, shard] of read.entries()) {
      expect(shard.metadata).toEqual(metadata)
      for (const [name] of shard.tensors) expect(index.weight_map[name]).toBe(shards[i])
    }
    expect(byName(read.flatMap((shard) => shard.tensors))).toEqual(byName(inPython(tensors)))
  })

  it('are read here when Python wrote the shards', async () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    const tensors = inPython(everyDtype)
    const parts = [tensors.slice(0, 5), tensors.slice(5)]
    const write = parts.map((part, i) => ({ path: join(folder, shards[i]), metadata: { format: 'pt' }, tensors: part }))
    askPython({ write })
    const places = parts.flatMap((part, i) => part.map(([name]) => [name, shards[i]] as const))
    const index = { metadata: { total_size: 57 }, weight_map: Object.fromEntries(places) }
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index))
    const read = await readShardedSafetensors(folder)
    expect(byName(inPython(read.tensors))).toEqual(byName(tensors))
    expect(read.metadata).toEqual({ format: 'pt' })
  })
})

function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error
  }
}
