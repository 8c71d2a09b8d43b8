import { slopePreset } from '@swat-js/positional-encodings'
import { type AttentionActivation } from '@swat-js/swat-attention'
import { tf } from '@swat-js/tensor-core'
import { randomTensor } from '../random/random-tensor.js'

/** Sizes of one attention layer over one batch. */
export interface AttentionShape {
  /** Number of sequences. */
  batch: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads; divides `heads`. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Tokens of a sequence. */
  length: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** What turns logits into weights. */
  activation: AttentionActivation
}

/** Some heads of a problem: heads do not depend on each other. */
export interface AttentionPart {
  /** `[batch, length, heads of the part, headDim]` */
  queries: tf.Tensor4D
  /** `[batch, length, key heads of the part, headDim]` */
  keys: tf.Tensor4D
  /** `[batch, length, key heads of the part, headDim]` */
  values: tf.Tensor4D
  /** Shape of the queries; null where no gradients are wanted. */
  outputGradient: tf.Tensor4D | null
  /** One slope a head of the part; null = none. */
  slopes: number[] | null
}

/** Random inputs of an attention layer on the active backend. */
export interface AttentionProblem {
  /** The sizes of all parts together. */
  shape: AttentionShape
  /** The heads, all in one part where the device can hold that. */
  parts: AttentionPart[]
  /** Frees the inputs. */
  dispose(): void
}

/**
 * Random inputs: variance 1, balanced slopes (SWAT Eq. 4) with sigmoid, none with softmax.
 *
 * @param shape - the sizes
 * @param options - `gradients`: whether an output gradient is made; `groupsPerPart`: key heads of one part, which
 * divides `kvHeads`
 * @returns the inputs; the caller's to dispose
 */
export function attentionProblem(
  shape: AttentionShape,
  { gradients, groupsPerPart }: { gradients: boolean; groupsPerPart: number },
): AttentionProblem {
  const { batch, heads, kvHeads, headDim, length, activation } = shape
  const partCount = kvHeads / groupsPerPart
  const partHeads = heads / partCount
  const slopes = activation === 'sigmoid' ? slopePreset(heads % 2 === 0 ? 'swat-+' : 'swat-', heads) : null
  const parts = Array.from({ length: partCount }, (_, part): AttentionPart => {
    const tensor = (seed: number, heads: number) =>
      randomTensor([batch, length, heads, headDim], 4 * part + seed) as tf.Tensor4D
    return {
      queries: tensor(1, partHeads),
      keys: tensor(2, groupsPerPart),
      values: tensor(3, groupsPerPart),
      outputGradient: gradients ? tensor(4, partHeads) : null,
      slopes: slopes === null ? null : slopes.slice(part * partHeads, (part + 1) * partHeads),
    }
  })
  return {
    shape,
    parts,
    dispose: () =>
      parts.forEach(({ queries, keys, values, outputGradient }) =>
        tf.dispose([queries, keys, values, ...(outputGradient ? [outputGradient] : [])]),
      ),
  }
}

/**
 * Bytes of what comes out.
 *
 * @param shape - the sizes
 * @param pass - `forward`: the output; `total`: the gradients of queries, keys and values too
 */
export function resultBytes(shape: AttentionShape, pass: 'forward' | 'total'): number {
  const { batch, length, heads, kvHeads, headDim } = shape
  const outputs = pass === 'forward' ? heads : 2 * heads + 2 * kvHeads
  return 4 * batch * length * outputs * headDim
}
