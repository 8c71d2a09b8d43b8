import type { ThreadPool } from './thread-pool.js'

const pools = new WeakMap<object, ThreadPool | null>()

/**
 * The threads of a wasm backend.
 *
 * @param backend - the backend
 * @returns its pool; null where this thread is to compute alone, undefined where nothing has been said
 */
export function poolOf(backend: object): ThreadPool | null | undefined {
  return pools.get(backend)
}

/**
 * Gives a wasm backend other threads; the ones that it had end.
 *
 * @param backend - the backend
 * @param pool - its threads; null for this one alone
 */
export function setPool(backend: object, pool: ThreadPool | null): void {
  pools.get(backend)?.end()
  pools.set(backend, pool)
}
