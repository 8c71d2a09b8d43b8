import { DataError } from '../../data-error.js'

/** Throws once a signal has aborted. */
export function expectNotStopped(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  const message = 'prepareShards: stopped. Start again with the same options: it goes on where it was.'
  throw new DataError('aborted', message, { cause: signal.reason })
}
