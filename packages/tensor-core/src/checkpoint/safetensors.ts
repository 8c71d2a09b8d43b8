import { SwatError } from '../swat-error.js'

/** The array type of each element type; F16 and BF16 are kept as their 16 bits (see `safetensorsToFloat32`). */
const arrayTypes = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const

/** Element types of safetensors that are read and written here. */
export type SafetensorsDtype = keyof typeof arrayTypes

/** One tensor of a safetensors file. */
export interface SafetensorsEntry {
  /** Element type. */
  dtype: SafetensorsDtype
  /** Length of each axis; empty for a scalar. */
  shape: readonly number[]
  /** Elements, row-major, in the array of `dtype`; F16 and BF16 as their bits in a Uint16Array, BOOL as 0 and 1. */
  data: Float64Array | Float32Array | Uint16Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** The file's `__metadata__`. */
  metadata: Record<string, string>
  /** Tensors by name, in the order of the header. */
  tensors: Map<string, SafetensorsEntry>
}

const largestHeader = 100_000_000 // the limit of the reference implementation

/**
 * Writes the safetensors format: an 8-byte little-endian header length, a JSON header, the tensors' bytes without gaps.
 * The same input gives the same bytes.
 *
 * @param tensors - names and tensors, written in this order
 * @param metadata - strings for the header's `__metadata__`
 * @returns the file's bytes
 * @throws SwatError `safetensors` when a name occurs twice, or data do not fit dtype and shape
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsEntry]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = [...tensors]
  const header = new Map<string, unknown>()
  if (metadata) header.set('__metadata__', checkedMetadata('writeSafetensors', metadata))
  let end = 0
  for (const [name, entry] of entries) {
    if (name === '__metadata__' || header.has(name)) {
      throw failure('writeSafetensors', `the name '${name}' is ${header.has(name) ? 'used twice' : 'reserved'}`)
    }
    expectEntry(name, entry)
    const begin = end
    end += entry.data.byteLength
    header.set(name, { dtype: entry.dtype, shape: entry.shape, data_offsets: [begin, end] })
  }
  const json = `{${[...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const unpadded = new TextEncoder().encode(json)
  const headerLength = Math.ceil(unpadded.length / 8) * 8
  if (headerLength > largestHeader) {
    throw failure('writeSafetensors', `the header would be ${headerLength} bytes; the limit is ${largestHeader}`)
  }
  const file = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true)
  file.set(unpadded, 8)
  let at = 8 + headerLength
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

function expectEntry(name: string, { dtype, shape, data }: SafetensorsEntry): void {
  const expected = arrayTypes[dtype]
  if (!expected) throw failure('writeSafetensors', `'${name}' has dtype ${dtype}; known are ${known}`)
  const size = shape.reduce((product, axis) => product * axis, 1)
  if (!(data instanceof expected) || data.length !== size) {
    throw failure(
      'writeSafetensors',
      `'${name}' has dtype ${dtype} and shape [${shape.join(', ')}], so its data must be a ${expected.name} of ${size}, ` +
        `but are a ${data.constructor.name} of ${data.length}`,
    )
  }
}

/**
 * Reads the safetensors format, strictly: offsets must cover the file without gap or overlap and fit dtype and shape,
 * names must be unique.
 *
 * @param bytes - the whole file
 * @returns metadata and tensors. Data share memory with `bytes` where alignment allows
 * @throws SwatError `safetensors` that says what is wrong and where
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { json, dataStart } = headerText(bytes)
  const header = parseHeader(json)
  const dataLength = bytes.length - dataStart
  const tensors = new Map<string, SafetensorsEntry>()
  const ranges: { name: string; begin: number; end: number }[] = []
  for (const [name, description] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const { dtype, shape, begin, end } = expectDescription(name, description)
    if (end > dataLength) {
      throw failure('readSafetensors', `'${name}' ends at byte ${end} of the data, which has ${dataLength}: cut short`)
    }
    ranges.push({ name, begin, end })
    tensors.set(name, { dtype, shape, data: elements(bytes, dataStart + begin, end - begin, dtype) })
  }
  expectContiguous(ranges, dataLength)
  const metadata = '__metadata__' in header ? checkedMetadata('readSafetensors', header.__metadata__) : {}
  return { metadata, tensors }
}

function headerText(bytes: Uint8Array): { json: string; dataStart: number } {
  if (bytes.length < 8) throw failure('readSafetensors', `expected at least 8 bytes, but the file has ${bytes.length}`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (length > largestHeader) {
    throw failure(
      'readSafetensors',
      `the first 8 bytes give a header of ${length} bytes; the limit is ${largestHeader}`,
    )
  }
  const dataStart = 8 + Number(length)
  if (dataStart > bytes.length) {
    throw failure('readSafetensors', `the header should end at byte ${dataStart}, but the file has ${bytes.length}`)
  }
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart))
    return { json, dataStart }
  } catch (cause) {
    throw failure('readSafetensors', 'the header is not UTF-8', cause)
  }
}

function parseHeader(json: string): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(json)
  } catch (cause) {
    throw failure('readSafetensors', `the header is not JSON (${(cause as Error).message})`, cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header) || !json.startsWith('{')) {
    throw failure('readSafetensors', 'the header must be a JSON object that starts in its first byte')
  }
  const names = topLevelNames(json)
  if (new Set(names).size < names.length) {
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    throw failure('readSafetensors', `the name '${twice}' occurs twice in the header`)
  }
  return header as Record<string, unknown>
}

/** Names at the top level of a JSON object, as often as they occur: JSON.parse silently keeps the last. */
function topLevelNames(json: string): string[] {
  const names: string[] = []
  let depth = 0
  for (const [token, text] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (text !== undefined && depth === 1) names.push(JSON.parse(text) as string)
    else if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
  }
  return names
}

function expectDescription(name: string, description: unknown) {
  const wrong = (what: string) => failure('readSafetensors', `'${name}': ${what}`)
  if (typeof description !== 'object' || description === null) throw wrong('its description must be an object')
  const { dtype, shape, data_offsets: offsets } = description as Record<string, unknown>
  if (typeof dtype !== 'string' || !Object.hasOwn(arrayTypes, dtype)) {
    throw wrong(`dtype must be one of ${known}, but is ${JSON.stringify(dtype)}`)
  }
  if (!isSizes(shape)) throw wrong(`shape must be whole numbers, but is ${JSON.stringify(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw wrong(`data_offsets must be [begin, end], but are ${JSON.stringify(offsets)}`)
  }
  const [begin, end] = offsets
  const bytes = shape.reduce((product, axis) => product * axis, elementBytes(dtype as SafetensorsDtype))
  if (end - begin !== bytes) {
    throw wrong(`${dtype} [${shape.join(', ')}] takes ${bytes} bytes, but its data_offsets span ${end - begin}`)
  }
  return { dtype: dtype as SafetensorsDtype, shape, begin, end }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function expectContiguous(ranges: { name: string; begin: number; end: number }[], dataLength: number): void {
  let covered = 0
  for (const { name, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const what = begin > covered ? 'leaves a gap before it' : 'overlaps the tensor before it'
      throw failure('readSafetensors', `'${name}' begins at byte ${begin} of the data and ${what} (byte ${covered})`)
    }
    covered = end
  }
  if (covered !== dataLength) {
    throw failure('readSafetensors', `the tensors end at byte ${covered} of the data, which has ${dataLength}`)
  }
}

function elements(bytes: Uint8Array, start: number, length: number, dtype: SafetensorsDtype): SafetensorsEntry['data'] {
  const size = elementBytes(dtype)
  const inPlace = bytes.subarray(start, start + length)
  const { buffer, byteOffset } = inPlace.byteOffset % size === 0 ? inPlace : new Uint8Array(inPlace)
  return new arrayTypes[dtype](buffer as ArrayBuffer, byteOffset, length / size)
}

function elementBytes(dtype: SafetensorsDtype): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT
}

function checkedMetadata(caller: string, metadata: unknown): Record<string, string> {
  const valid =
    typeof metadata === 'object' &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((value) => typeof value === 'string')
  if (valid) return metadata as Record<string, string>
  throw failure(caller, `__metadata__ must hold strings only, but is ${JSON.stringify(metadata)}`)
}

const known = Object.keys(arrayTypes).join(', ')

function failure(caller: string, what: string, cause?: unknown): SwatError {
  const wayOut = caller === 'readSafetensors' ? 'Fetch or write the file again.' : ''
  return new SwatError('safetensors', `${caller}: ${what}. ${wayOut}`.trim(), { cause })
}
