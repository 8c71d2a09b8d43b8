import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { DataError } from '../../data-error.js'
import type { StoredFile } from '../stored-file.js'

/** So many bytes are asked for at a time: from 2 GiB on Node ends the process. */
const readLength = 2 ** 30

/**
 * A file on this machine.
 *
 * @param mostAtOnce - so many bytes of a slice are asked of the system at a time, at most
 */
export function localFile(owner: string, path: string, byteLength: number | null, mostAtOnce = readLength): StoredFile {
  return {
    ...{ name: path, byteLength },
    async *stream() {
      try {
        yield* createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Uint8Array>
      } catch (cause) {
        throw unreadable(owner, path, cause as Error)
      }
    },
    slice: (start, end) => readSlice(owner, path, { start, end, mostAtOnce }),
  }
}

interface Span {
  readonly start: number
  readonly end: number
  readonly mostAtOnce: number
}

async function readSlice(owner: string, path: string, { start, end, mostAtOnce }: Span): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start)
  try {
    const file = await open(path)
    try {
      let done = 0
      while (done < bytes.length) {
        const wanted = Math.min(bytes.length - done, mostAtOnce)
        const { bytesRead } = await file.read(bytes, done, wanted, start + done)
        if (bytesRead === 0) throw new Error(`it ends at byte ${start + done}, before ${end}`)
        done += bytesRead
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw unreadable(owner, path, cause as Error)
  }
  return bytes.buffer
}

/** The error for what the system does not let us read. */
export function unreadable(owner: string, path: string, cause: Error): DataError {
  return new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${cause.message}`, { cause })
}
