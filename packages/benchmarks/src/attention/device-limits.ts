import { gpuInfo, SwatError, tf } from '@swat-js/tensor-core'
import type { AttentionShape } from './attention-problem.js'

/** What the active device can hold. */
export interface DeviceLimits {
  /** Bytes that are left for working memory; a guess where the device does not tell. */
  bytes: number
  /** Bytes of the largest tensor. */
  tensorBytes: number
}

const gibibyte = 2 ** 30

/**
 * What the active device can hold. WebAssembly has 4 GiB, of which a fifth is left to the gaps between tensors. GPUs do
 * not tell how much memory they have: 32 GiB are taken for granted, as running out of it is a plain error there.
 *
 * @returns the limits
 */
export function deviceLimits(): DeviceLimits {
  switch (tf.getBackend()) {
    case 'wasm':
      return { bytes: 0.8 * (4 * gibibyte - tf.memory().numBytes), tensorBytes: 2 * gibibyte }
    case 'webgpu': {
      const { software, limits } = gpuInfo()
      return { bytes: (software ? 4 : 32) * gibibyte, tensorBytes: limits.maxStorageBufferBindingSize }
    }
    default:
      return { bytes: 4 * gibibyte, tensorBytes: 4 * gibibyte }
  }
}

/**
 * How many key heads can be computed at a time, so that their queries are one tensor of the active device.
 *
 * @param shape - the sizes
 * @returns a divisor of `kvHeads`
 * @throws SwatError `benchmark` when one is too many
 */
export function groupsThatFit({ batch, length, heads, kvHeads, headDim }: AttentionShape): number {
  const { tensorBytes } = deviceLimits()
  const bytesOfGroup = (4 * batch * length * headDim * heads) / kvHeads
  for (let groups = kvHeads; groups >= 1; groups--) {
    if (kvHeads % groups === 0 && groups * bytesOfGroup <= tensorBytes) return groups
  }
  throw new SwatError(
    'benchmark',
    `measureAttention: at length ${length} one key head's queries take ${bytesOfGroup} bytes, and this device binds at ` +
      `most ${tensorBytes} as one tensor. Choose a smaller length or batch, or more key heads.`,
  )
}
