import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** Takes gzip apart, member after member. After the last only zeros may follow, which tapes fill up with. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip()
  const source = compressed[Symbol.asyncIterator]()
  let position = 0
  let recent: { readonly start: number; readonly chunk: Uint8Array }[] = [] // what may not have been used yet
  const take = async (): Promise<IteratorResult<Uint8Array>> => {
    const next = await source.next()
    if (next.done) return next
    const unused = recent.filter(({ start, chunk }) => start + chunk.length > stream.bytesWritten)
    recent = [...unused, { start: position, chunk: next.value }]
    position += next.value.length
    return next
  }
  let taken: Promise<IteratorResult<Uint8Array>> | null = null
  const fed = async function* (): AsyncGenerator<Uint8Array> {
    for (let next = await (taken = take()); !next.done; next = await (taken = take())) yield next.value
  }
  try {
    pipeline(Readable.from(fed(), { objectMode: false }), stream, () => undefined)
    yield* stream as AsyncIterable<Uint8Array>
    const used = stream.bytesWritten
    for (let next = await taken!; ; next = await take()) {
      const isPadding = recent.every(({ start, chunk }) =>
        chunk.every((byte, index) => byte === 0 || start + index < used),
      )
      if (!isPadding) throw new Error(`what follows after ${used} bytes is not gzip`)
      if (next.done) return
      recent = []
    }
  } finally {
    stream.destroy()
    await source.return?.()
  }
}
