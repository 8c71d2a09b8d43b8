/** The chunks of a stream; Safari's streams cannot be iterated themselves. */
export async function* streamToIterable(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let isDone = false
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
    isDone = true
  } finally {
    if (!isDone) await reader.cancel().catch(() => undefined)
    reader.releaseLock()
  }
}
