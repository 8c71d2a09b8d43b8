import { hasMemory, SwatError } from '@swat-js/tensor-core'

/**
 * Expects that the engine in use can hold something before work on it begins.
 *
 * @param bytes - how much
 * @param wayOut - what takes less
 * @throws SwatError `memory` that names both
 */
export async function expectMemory(bytes: number, wayOut: string): Promise<void> {
  if (await hasMemory(bytes)) return
  const needed = `${(bytes / 1e9).toPrecision(3)} GB`
  throw new SwatError('memory', `This takes about ${needed} and the device has less. Choose ${wayOut}.`)
}
