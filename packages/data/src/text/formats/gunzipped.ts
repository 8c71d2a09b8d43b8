import { DataError } from '../../data-error.js'
import type { Reading } from '../read-options.js'
import type { Gunzip } from '../stored-file.js'

/**
 * Takes gzip apart.
 *
 * @throws {DataError} `invalid-compression`; what the source itself throws comes through
 */
export async function* gunzipped(
  compressed: AsyncIterable<Uint8Array>,
  gunzip: Gunzip,
  { owner, name }: Reading,
): AsyncGenerator<Uint8Array> {
  let ofSource: { readonly error: unknown } | null = null
  let bytesRead = 0
  let hasBegun = false
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of compressed) {
        bytesRead += chunk.length
        yield chunk
      }
    } catch (error) {
      ofSource = { error }
      throw error
    }
  }
  try {
    for await (const chunk of gunzip(watched())) {
      hasBegun = true
      yield chunk
    }
  } catch (cause) {
    if (ofSource !== null) throw (ofSource as { error: unknown }).error
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (/unexpected end|incomplete|truncated/i.test(reason)) {
      const message = `${owner}: ${name} ends inside its gzip data, after ${bytesRead} bytes. Get the whole file again.`
      throw new DataError('invalid-compression', message, { cause })
    }
    const what = hasBegun
      ? 'is damaged, or goes on with something else, after gzip data'
      : 'is not gzip data, or damaged'
    throw new DataError(
      'invalid-compression',
      `${owner}: ${name} ${what}: ${reason}, within the first ${bytesRead} bytes. Get it again, or take .gz off its ` +
        'name if it is not compressed.',
      { cause },
    )
  }
}
