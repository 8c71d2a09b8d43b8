import { Decompress, ZstdErrorCode, type ZstdError } from 'fzstd'
import { DataError } from '../../data-error.js'
import type { Reading } from '../read-options.js'

/** So many compressed bytes at a time: each four may become a block of 128 KiB. */
const step = 1024

/**
 * Takes zstd apart, one frame after the other. Checksums are not compared.
 *
 * @throws {DataError} `invalid-compression`
 */
export async function* unzstd(compressed: AsyncIterable<Uint8Array>, reading: Reading): AsyncGenerator<Uint8Array> {
  let blocks: Uint8Array[] = []
  let done = 0
  const stream = new Decompress((block) => blocks.push(block))
  const push = (bytes: Uint8Array, isLast: boolean): void => {
    try {
      stream.push(bytes, isLast)
      done += bytes.length
    } catch (cause) {
      throw damaged(cause, done, reading)
    }
  }
  for await (const chunk of compressed) {
    for (let from = 0; from < chunk.length; from += step) {
      push(chunk.subarray(from, from + step), false)
      yield* blocks
      blocks = []
    }
  }
  push(new Uint8Array(0), true)
  yield* blocks
}

function damaged(cause: unknown, done: number, { owner, name }: Reading): DataError {
  // Of windows of 2 GiB and more fzstd gets the size wrong, and an array of that size is refused.
  const code = cause instanceof RangeError ? ZstdErrorCode.WindowSizeTooLarge : (cause as ZstdError).code
  if (code === ZstdErrorCode.UnexpectedEOF) {
    const message = `${owner}: ${name} ends inside its zstd data, after ${done} bytes. Get the whole file again.`
    return new DataError('invalid-compression', message, { cause })
  }
  if (code === ZstdErrorCode.WindowSizeTooLarge) {
    const message =
      `${owner}: ${name} needs a larger window than is read, near byte ${done} of its zstd data. Compress it again ` +
      'without --long and --ultra, which need too much memory here.'
    return new DataError('invalid-compression', message, { cause })
  }
  return new DataError(
    'invalid-compression',
    `${owner}: ${name} is not zstd data, or damaged: ${(cause as Error).message} near byte ${done}. ` +
      'Get it again, or take .zst off its name if it is not compressed.',
    { cause },
  )
}
