import { closeSync, openSync, readSync } from 'node:fs'
import { DataError } from '../../data-error.js'
import { littleEndian } from '../little-endian.js'
import { bytesOfToken, type TokenDtype } from '../shard-header.js'

/** A file with tokens in it. */
export interface TokenFile {
  path: string
  dtype: TokenDtype
  /** Where its tokens begin, in bytes. */
  offset: number
  tokens: number
}

/** Files of tokens that are read at any place, as if they were one. */
export interface TokenFiles {
  tokenCount: number
  /** Fills `target` with the tokens from `start` on. */
  read(start: number, target: Int32Array): void
  /** Fills `target` with the bytes of a file from `position` on. */
  readBytes(file: number, position: number, target: Uint8Array): void
  close(): void
}

const mostOpenFiles = 128

/**
 * Opens files of tokens. Nothing is read before it is asked for, and no more than `mostOpenFiles` are open at a time.
 *
 * @param owner the function to name in errors
 */
export function tokenFiles(files: readonly TokenFile[], owner: string): TokenFiles {
  const starts = runningSums(files.map(({ tokens }) => tokens))
  const tokenCount = starts[files.length]!
  const descriptors = new Map<number, number>() // the longest unused first
  let closed = false
  let buffer = new Uint8Array(1 << 14)

  const descriptorOf = (file: number): number => {
    const open = descriptors.get(file)
    if (open !== undefined) {
      if (descriptors.size < mostOpenFiles) return open
      descriptors.delete(file)
      descriptors.set(file, open)
      return open
    }
    if (closed) throw new DataError('invalid-argument', `${owner}: the token source was closed. Open it again.`)
    if (descriptors.size >= mostOpenFiles) {
      const [oldest, descriptor] = descriptors.entries().next().value!
      closeSync(descriptor)
      descriptors.delete(oldest)
    }
    const opened = refusing(files[file]!.path, () => openSync(files[file]!.path, 'r'))
    descriptors.set(file, opened)
    return opened
  }
  const refusing = <Result>(path: string, work: () => Result): Result => {
    try {
      return work()
    } catch (cause) {
      if (cause instanceof DataError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${reason}`, { cause })
    }
  }
  const readBytes = (file: number, position: number, target: Uint8Array): void => {
    const { path } = files[file]!
    const descriptor = descriptorOf(file)
    refusing(path, () => {
      for (let done = 0; done < target.length;) {
        const count = readSync(descriptor, target, done, target.length - done, position + done)
        if (count === 0) {
          throw new DataError(
            'unreadable-file',
            `${owner}: ${path} ends at byte ${position + done}, but was longer when it was opened.`,
          )
        }
        done += count
      }
    })
  }

  return {
    tokenCount,
    readBytes,
    read(start, target) {
      const { length } = target
      if (!(Number.isSafeInteger(start) && start >= 0 && start + length <= tokenCount)) {
        throw new DataError(
          'invalid-argument',
          `${owner}: ${length} tokens from position ${start} are not there: there are ${tokenCount}.`,
        )
      }
      let file = lastAtMost(starts, start)
      for (let done = 0; done < length; file++) {
        const { dtype, offset, tokens } = files[file]!
        const first = start + done - starts[file]!
        const count = Math.min(length - done, tokens - first)
        if (count === 0) continue // a file without tokens
        const width = bytesOfToken(dtype)
        const byteLength = count * width
        if (buffer.length < byteLength) buffer = new Uint8Array(2 * byteLength)
        const bytes = buffer.subarray(0, byteLength)
        readBytes(file, offset + first * width, bytes)
        littleEndian(bytes, width)
        const ids = width === 2 ? new Uint16Array(buffer.buffer, 0, count) : new Int32Array(buffer.buffer, 0, count)
        target.set(ids, done)
        done += count
      }
    },
    close() {
      closed = true
      for (const descriptor of descriptors.values()) closeSync(descriptor)
      descriptors.clear()
    },
  }
}

/** 0 and the sum of the first one, of the first two, … of all. */
export function runningSums(counts: readonly number[]): Float64Array {
  const sums = new Float64Array(counts.length + 1)
  for (const [index, count] of counts.entries()) sums[index + 1] = sums[index]! + count
  return sums
}

/** The last place of an ascending row whose value is at most `value`, but not the very last; at least 0. */
export function lastAtMost(row: Float64Array, value: number): number {
  let [low, high] = [0, Math.max(row.length - 2, 0)]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (row[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}
