import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { DataError } from '../../data-error.js'
import type { StoredFile } from '../stored-file.js'

/** A file on this machine. */
export function localFile(owner: string, path: string, byteLength: number | null): StoredFile {
  return {
    ...{ name: path, byteLength },
    async *stream() {
      try {
        yield* createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Uint8Array>
      } catch (cause) {
        throw unreadable(owner, path, cause as Error)
      }
    },
    slice: (start, end) => readSlice(owner, path, start, end),
  }
}

async function readSlice(owner: string, path: string, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start)
  try {
    const file = await open(path)
    try {
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
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
