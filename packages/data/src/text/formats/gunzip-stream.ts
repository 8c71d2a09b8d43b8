import { iterableToStream, streamToIterable } from './byte-streams.js'

/** Takes gzip apart with the web's own means; browsers refuse a file of several members. */
export function gunzipStream(compressed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return streamToIterable(iterableToStream(compressed).pipeThrough(new DecompressionStream('gzip')))
}
