import { DataError } from '../data-error.js'

/** Bytes of a shard before its tokens. */
export const shardHeaderLength = 64

/** The version of the shards and the manifest that this package writes. */
export const shardVersion = 1

const magic = 'SWATTOKS'

/** How ids are stored: unsigned, little-endian. */
export type TokenDtype = 'uint16' | 'uint32'

/** What a shard says about itself. */
export interface ShardHeader {
  /** How its ids are stored. */
  dtype: TokenDtype
  /** How many tokens it has. */
  tokens: number
  /** How many documents they belong to; none is cut by the end of a shard. */
  documents: number
  /** SHA-256 of all bytes after the header, as 64 hexadecimal digits. */
  sha256: string
}

/** The type that holds every id of a vocabulary in the fewest bytes. */
export function tokenDtype(vocabSize: number): TokenDtype {
  return vocabSize <= 65_536 ? 'uint16' : 'uint32'
}

/** Bytes of one token. */
export function bytesOfToken(dtype: TokenDtype): 2 | 4 {
  return dtype === 'uint16' ? 2 : 4
}

/** Where in a shard the index of document starts begins: at the first multiple of 8 after the tokens. */
export function indexOffset({ dtype, tokens }: Pick<ShardHeader, 'dtype' | 'tokens'>): number {
  return shardHeaderLength + Math.ceil((tokens * bytesOfToken(dtype)) / 8) * 8
}

/** Bytes of a whole shard: header, tokens, padding, and 8 bytes for each document. */
export function shardByteLength(header: Pick<ShardHeader, 'dtype' | 'tokens' | 'documents'>): number {
  return indexOffset(header) + 8 * header.documents
}

/** The 64 bytes at the start of a shard. */
export function encodeShardHeader({ dtype, tokens, documents, sha256 }: ShardHeader): Uint8Array {
  const bytes = new Uint8Array(shardHeaderLength)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(magic))
  view.setUint32(8, shardVersion, true)
  view.setUint32(12, bytesOfToken(dtype), true)
  view.setBigUint64(16, BigInt(tokens), true)
  view.setBigUint64(24, BigInt(documents), true)
  for (let index = 0; index < 32; index++)
    bytes[32 + index] = Number.parseInt(sha256.slice(2 * index, 2 * index + 2), 16)
  return bytes
}

/**
 * Reads the start of a shard.
 *
 * @param bytes at least the first 64 bytes of the file, or all of a shorter file
 * @param owner the function to name in errors
 * @param name the file to name in errors
 * @throws {DataError} `invalid-shards` if it is no shard; `unsupported-version` if a newer version wrote it
 */
export function decodeShardHeader(bytes: Uint8Array, owner: string, name: string): ShardHeader {
  const refuse = (reason: string): never => {
    throw new DataError('invalid-shards', `${owner}: ${name} ${reason}. Prepare the set again.`)
  }
  const found = new TextDecoder('latin1').decode(bytes.subarray(0, magic.length))
  if (found !== magic) refuse(`is no token shard: it begins with ${JSON.stringify(found)}, not "${magic}"`)
  if (bytes.length < shardHeaderLength) refuse(`is cut short: ${bytes.length} bytes, the header alone has 64`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  expectVersion(view.getUint32(8, true), owner, name)
  const width = view.getUint32(12, true)
  if (width !== 2 && width !== 4) refuse(`has tokens of ${width} bytes; there are only 2 and 4`)
  const [tokens, documents] = [Number(view.getBigUint64(16, true)), Number(view.getBigUint64(24, true))]
  if (!Number.isSafeInteger(tokens) || !Number.isSafeInteger(documents)) refuse('has counts above 2^53')
  const sha256 = Array.from(bytes.subarray(32, 64), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { dtype: width === 2 ? 'uint16' : 'uint32', tokens, documents, sha256 }
}

/** Throws unless this package reads sets of that version. */
export function expectVersion(version: number, owner: string, name: string): void {
  if (version === shardVersion) return
  const newer = version > shardVersion
  throw new DataError(
    newer ? 'unsupported-version' : 'invalid-shards',
    `${owner}: ${name} has version ${version} of the format, and this package reads version ${shardVersion}. ` +
      (newer ? 'Install a newer @swat-js/data.' : 'Prepare the set again.'),
  )
}
