import { SwatError } from '../swat-error.js'
import { jsonNames } from './json-names.js'

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
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
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
  data:
    | Float64Array
    | Float32Array
    | BigInt64Array
    | Int32Array
    | Int16Array
    | Int8Array
    | BigUint64Array
    | Uint32Array
    | Uint16Array
    | Uint8Array
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
 * Writes the safetensors format: an 8-byte little-endian header length, a JSON header padded to 8 bytes, the tensors'
 * bytes without gaps. The header names them in the order given; their bytes come widest elements first, as the
 * reference implementation lays them out, so that each begins at a multiple of its element size and can be used where
 * it lies. The same input gives the same bytes.
 *
 * @param tensors - names and tensors
 * @param metadata - strings for the header's `__metadata__`
 * @returns the file's bytes
 * @throws SwatError `safetensors` when a name occurs twice or is reserved, a text is not Unicode, metadata are not
 * strings, or data do not fit dtype and shape
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsEntry]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = [...tensors]
  expectWritable('writeSafetensors', entries, metadata)
  const laidOut = [...entries].sort(([, a], [, b]) => elementBytes(b.dtype) - elementBytes(a.dtype))
  const begins = new Map<string, number>()
  let dataLength = 0
  for (const [name, { data }] of laidOut) {
    begins.set(name, dataLength)
    dataLength += data.byteLength
  }
  const descriptions = entries.map(([name, { dtype, shape, data }]): [string, unknown] => {
    const begin = begins.get(name) as number
    return [name, { dtype, shape, data_offsets: [begin, begin + data.byteLength] }]
  })
  const head: [string, unknown][] = metadata ? [['__metadata__', metadata]] : []
  const header = paddedHeader([...head, ...descriptions])
  const file = new Uint8Array(8 + header.length + dataLength)
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  let at = 8 + header.length
  for (const [, { data }] of laidOut) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

/**
 * Refuses what the format cannot hold, before anything is written.
 *
 * @param caller - the public function that is to write
 * @param entries - names and tensors
 * @param metadata - strings for `__metadata__`
 * @throws SwatError `safetensors`, see {@link writeSafetensors}
 */
export function expectWritable(
  caller: string,
  entries: readonly (readonly [string, SafetensorsEntry])[],
  metadata?: Readonly<Record<string, string>>,
): void {
  const seen = new Set<string>()
  for (const [name, entry] of entries) {
    const fault =
      name === '__metadata__'
        ? 'is reserved'
        : seen.has(name)
          ? 'is used twice'
          : isUnicode(name)
            ? undefined
            : 'has half a surrogate pair'
    if (fault) throw failure(caller, `the name ${quoted(name)} ${fault}`, 'Give each tensor its own name.')
    seen.add(name)
    expectEntry(caller, name, entry)
  }
  if (metadata) expectMetadata(caller, metadata, 'Write other values as JSON text.')
}

function expectEntry(caller: string, name: string, { dtype, shape, data }: SafetensorsEntry): void {
  const wrong = (what: string, wayOut: string) => failure(caller, `${quoted(name)} ${what}`, wayOut)
  const expected = Object.hasOwn(arrayTypes, dtype) ? arrayTypes[dtype] : undefined
  if (!expected) throw wrong(`has dtype ${shown(dtype)}; known are ${known}`, 'Convert the data to one of them.')
  if (!isSizes(shape)) throw wrong(`must have a shape of whole numbers, but has ${shown(shape)}`, 'Correct the shape.')
  const size = product(shape)
  if (!(data instanceof expected) || data.length !== size) {
    throw wrong(
      `has dtype ${dtype} and shape [${shape.join(', ')}], so its data must be a ${expected.name} of ${size}, ` +
        `but are a ${data.constructor.name} of ${data.length}`,
      'Convert the data, or correct dtype and shape.',
    )
  }
}

function paddedHeader(members: [string, unknown][]): Uint8Array {
  const json = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const unpadded = new TextEncoder().encode(json)
  const length = Math.ceil(unpadded.length / 8) * 8
  if (length > largestHeader) {
    throw failure(
      'writeSafetensors',
      `the header would be ${length} bytes; the limit is ${largestHeader}`,
      'Shorten the metadata, or write several files.',
    )
  }
  const header = new Uint8Array(length).fill(0x20)
  header.set(unpadded)
  return header
}

/**
 * Reads the safetensors format, strictly: offsets must cover the file without gap or overlap and fit dtype and shape,
 * names must be unique. Nothing is allocated by a number of the header before it was held against the file's length.
 *
 * @param bytes - the whole file
 * @returns metadata and tensors. Data share memory with `bytes` where alignment allows
 * @throws SwatError `safetensors` that says what is wrong and where
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { json, dataStart } = headerText(bytes)
  const header = parseHeader(json)
  const dataLength = bytes.length - dataStart
  const metadata = header.has('__metadata__') ? header.get('__metadata__') : {}
  expectMetadata('readSafetensors', metadata, writeAgain)
  header.delete('__metadata__')
  const descriptions = [...header].map(([name, description]) => expectDescription(name, description, dataLength))
  expectContiguous(descriptions, dataLength)
  const tensors = new Map<string, SafetensorsEntry>()
  for (const { name, dtype, shape, begin, end } of descriptions) {
    tensors.set(name, { dtype, shape, data: elements(bytes, dataStart + begin, end - begin, dtype) })
  }
  return { metadata, tensors }
}

function headerText(bytes: Uint8Array): { json: string; dataStart: number } {
  if (bytes.length < 8) throw unreadable(`expected at least 8 bytes, but the file has ${bytes.length}`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (length > largestHeader) {
    throw unreadable(`the first 8 bytes give a header of ${length} bytes; the limit is ${largestHeader}`)
  }
  const dataStart = 8 + Number(length)
  if (dataStart > bytes.length) {
    throw unreadable(`the header should end at byte ${dataStart}, but the file has ${bytes.length}`)
  }
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart))
    return { json, dataStart }
  } catch (cause) {
    throw unreadable('the header must be UTF-8, but is not', cause)
  }
}

function parseHeader(json: string): Map<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(json)
  } catch (cause) {
    throw unreadable(`the header is not JSON (${(cause as Error).message})`, cause)
  }
  if (!isRecord(header) || !json.startsWith('{')) {
    throw unreadable(`the header must be a JSON object that starts in its first byte, but begins ${quoted(json)}`)
  }
  const { names, twice } = jsonNames(json)
  if (twice !== undefined) throw unreadable(`the name ${quoted(twice)} occurs twice in the header`)
  for (const name of names) if (!isUnicode(name)) throw unreadable(`the name ${quoted(name)} has half a surrogate pair`)
  return new Map(names.map((name) => [name, header[name]]))
}

interface Description {
  name: string
  dtype: SafetensorsDtype
  shape: number[]
  begin: number
  end: number
}

function expectDescription(name: string, description: unknown, dataLength: number): Description {
  const wrong = (what: string, wayOut?: string) => unreadable(`${quoted(name)}: ${what}`, undefined, wayOut)
  if (!isRecord(description)) throw wrong(`its description must be an object, but is ${shown(description)}`)
  const { dtype, shape, data_offsets: offsets } = description
  if (typeof dtype !== 'string' || !Object.hasOwn(arrayTypes, dtype)) {
    throw wrong(`dtype must be one of ${known}, but is ${shown(dtype)}`, 'Convert the tensor where it was written.')
  }
  if (!isSizes(shape)) throw wrong(`shape must be whole numbers, but is ${shown(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw wrong(`data_offsets must be [begin, end], but are ${shown(offsets)}`)
  }
  const [begin, end] = offsets
  const length = product([elementBytes(dtype as SafetensorsDtype), ...shape])
  if (end - begin !== length) {
    const takes = length <= Number.MAX_SAFE_INTEGER ? length : 'more than 2^53'
    throw wrong(`${dtype} ${shown(shape)} takes ${takes} bytes, but its data_offsets span ${end - begin}`)
  }
  if (end > dataLength) throw wrong(`ends at byte ${end} of the data, which has ${dataLength}: cut short`)
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end }
}

function expectContiguous(descriptions: readonly Description[], dataLength: number): void {
  let covered = 0
  for (const { name, begin, end } of [...descriptions].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const what = begin > covered ? 'leaves a gap before it' : 'overlaps the tensor before it'
      throw unreadable(`${quoted(name)} begins at byte ${begin} of the data and ${what} (byte ${covered})`)
    }
    covered = end
  }
  if (covered !== dataLength) {
    throw unreadable(`the tensors end at byte ${covered} of the data, which has ${dataLength}`)
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

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0))
}

/** The product from left to right; Infinity from the first factor on that takes it past 2^53, even before a 0. */
function product(sizes: readonly number[]): number {
  let result = 1
  for (const size of sizes) {
    result *= size
    if (result > Number.MAX_SAFE_INTEGER) return Infinity
  }
  return result
}

function expectMetadata(caller: string, metadata: unknown, wayOut: string): asserts metadata is Record<string, string> {
  const isText = (value: unknown) => typeof value === 'string' && isUnicode(value)
  if (isRecord(metadata) && Object.entries(metadata).flat().every(isText)) return
  throw failure(caller, `__metadata__ must hold Unicode strings only, but is ${shown(metadata)}`, wayOut)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** False for half a surrogate pair, which UTF-8 cannot say and other readers refuse. */
function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

/** A value of a damaged file in an error, which it must not flood. */
function shown(value: unknown): string {
  try {
    return cut(JSON.stringify(value) ?? 'missing')
  } catch {
    return 'nested too deeply'
  }
}

function quoted(name: string): string {
  return `'${cut(name)}'`
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

const known = Object.keys(arrayTypes).join(', ')
const writeAgain = 'Fetch or write the file again.'

function unreadable(what: string, cause?: unknown, wayOut = writeAgain): SwatError {
  return failure('readSafetensors', what, wayOut, cause)
}

function failure(caller: string, what: string, wayOut: string, cause?: unknown): SwatError {
  return new SwatError('safetensors', `${caller}: ${what}. ${wayOut}`, { cause })
}
