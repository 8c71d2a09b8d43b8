import type { ThreadPool } from './thread-pool.js'

const pools = new WeakMap<object, ThreadPool>()

/**
 * The threads of a wasm backend.
 *
 * @param backend - the backend
 * @returns its pool; null where this thread computes alone
 */
export function poolOf(backend: object): ThreadPool | null {
  return pools.get(backend) ?? null
}

/**
 * Gives a wasm backend other threads; the ones that it had end.
 *
 * @param backend - the backend
 * @param pool - its threads; null for this one alone
 */
export function setPool(backend: object, pool: ThreadPool | null): void {
  pools.get(backend)?.end()
  if (pool === null) pools.delete(backend)
  else pools.set(backend, pool)
}
