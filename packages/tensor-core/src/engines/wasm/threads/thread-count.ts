import { SwatError } from '../../../swat-error.js'

/** More are started only when they are asked for. */
const mostByDefault = 16
const mostThreads = 64

/** Number of threads this machine runs at once. */
export function availableThreads(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return os ? os.availableParallelism() : (globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** Why threads cannot be had here; null where they can. */
export function whyNoThreads(): string | null {
  if (globalThis.process?.getBuiltinModule !== undefined) return null
  if (globalThis.crossOriginIsolated === true && typeof Worker !== 'undefined') return null
  return (
    'this page is not cross-origin isolated, so threads cannot share memory. Serve it with the headers ' +
    'Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy (values: README of @swat-js/tensor-core, Engines)'
  )
}

/**
 * The number of threads to start.
 *
 * @param asked - what was asked for; left out, what the machine runs at once, 16 at most
 * @returns 1 or more
 * @throws SwatError `engine-unavailable` when it is not a whole number from 1 to 64, or above 1 where none can be had
 */
export function threadCount(asked: number | undefined): number {
  const reason = whyNoThreads()
  if (asked === undefined) return reason === null ? Math.min(availableThreads(), mostByDefault) : 1
  if (!Number.isInteger(asked) || asked < 1 || asked > mostThreads) {
    throw new SwatError(
      'engine-unavailable',
      `useEngine: expected threads to be a whole number from 1 to ${mostThreads}, but it is ${asked}. ` +
        'Leave it out for as many as the machine runs at once.',
    )
  }
  if (asked > 1 && reason !== null) {
    throw new SwatError(
      'engine-unavailable',
      `useEngine: ${asked} threads were asked for, but ${reason}, or leave threads out.`,
    )
  }
  return asked
}
