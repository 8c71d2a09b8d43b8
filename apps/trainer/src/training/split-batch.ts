import type { TokenBatch } from '@swat-js/models'

const ignored = -100

/**
 * Cuts a batch into smaller ones that are computed one after the other.
 *
 * @param batch - the batch
 * @param size - sequences of each part; divides `batchSize`
 * @returns the parts that have something to score, in order
 */
export function splitBatch(batch: TokenBatch, size: number): TokenBatch[] {
  const { inputs, labels, segmentIds, batchSize, length } = batch
  if (size === batchSize) return [batch]
  return Array.from({ length: batchSize / size }, (_, i) => {
    const [start, end] = [i * size * length, (i + 1) * size * length]
    return {
      inputs: inputs.subarray(start, end),
      labels: labels.subarray(start, end),
      ...(segmentIds && { segmentIds: segmentIds.subarray(start, end) }),
      batchSize: size,
      length,
    }
  }).filter(({ labels }) => labels.some((label) => label !== ignored))
}
