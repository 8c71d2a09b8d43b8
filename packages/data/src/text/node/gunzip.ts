import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** Takes gzip apart, member after member. After the last only zeros may follow, which tapes fill up with. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip()
  let position = 0
  let recent: { readonly start: number; readonly chunk: Uint8Array }[] = []
  let isAtEnd = false
  const fed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of compressed) {
      recent = [...recent.slice(-1), { start: position, chunk }]
      position += chunk.length
      yield chunk
    }
    isAtEnd = true
  }
  pipeline(Readable.from(fed(), { objectMode: false }), stream, () => undefined)
  yield* stream as AsyncIterable<Uint8Array>
  const used = stream.bytesWritten
  if (used === position && isAtEnd) return
  const isRest = recent.every(({ start, chunk }) => chunk.every((byte, index) => start + index < used || byte === 0))
  if (!isRest || !isAtEnd) throw new Error(`what follows after ${used} bytes is not gzip`)
}
