import type { Inflate } from 'pako'

/** A window of 2¹⁵ bytes, and gzip's header rather than zlib's (`inflateInit2` in zlib's manual). */
const gzipWindowBits = 15 + 16

/** So many compressed bytes at a time: each may become a thousand. */
const step = 16 * 1024

/**
 * Takes gzip apart outside Node, member after member. After the last only zeros may follow, which tapes fill up with.
 * The work is pako's, as the web's own `DecompressionStream` refuses whatever follows the first member.
 */
export async function* gunzipStream(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pako = await import('pako') // browsers load it with the first gzip file
  const plain: Uint8Array[] = []
  let bytesLeft = (): number => 0
  const start = (): Inflate => {
    const members = new pako.Inflate({ windowBits: gzipWindowBits })
    members.onStart = (stream) => (bytesLeft = () => stream.avail_in)
    members.onData = (data) => plain.push(data)
    return members
  }
  let members = start() // pako goes on to the next member itself, but only inside of what it is given at once
  let used = 0
  let isPadding = false
  for await (const part of inSteps(compressed)) {
    let rest = part
    if (!members.ended || (!isPadding && part[0] !== 0)) {
      if (members.ended) members = start()
      members.push(part)
      yield* plain.splice(0)
      if (members.err !== 0) throw new Error(members.msg)
      used += part.length - bytesLeft()
      rest = part.subarray(part.length - bytesLeft())
    }
    isPadding ||= rest.length > 0
    if (rest.some((byte) => byte !== 0)) throw new Error(`what follows after ${used} bytes is not gzip`)
  }
  if (!members.ended) throw new Error('unexpected end of file')
}

async function* inSteps(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += step) yield chunk.subarray(from, from + step)
  }
}
