import type { CrossEntropyKernel } from '../cross-entropy/contract.js'
import type { LinearKernel } from '../linear/contract.js'
import { tf } from '../tf.js'
import type { LinearCrossEntropyInputs, LinearCrossEntropyKernel } from './contract.js'

/** Kernels that together do a chunk. */
interface Parts {
  /** Logits and their gradients. */
  linear: LinearKernel
  /** Losses of the logits. */
  crossEntropy: CrossEntropyKernel
}

type Chunk = Omit<LinearCrossEntropyInputs, 'chunkRows'>

/**
 * Loss and gradients chunk by chunk, out of the kernels of `linear` and `crossEntropy`.
 *
 * @param parts - the two kernels
 * @returns the two functions of a kernel
 */
export function chunked({ linear, crossEntropy }: Parts): Pick<LinearCrossEntropyKernel, 'loss' | 'lossAndGradients'> {
  return {
    loss: (inputs) =>
      chunksOf(inputs)
        .map((chunk) => tf.tidy(() => crossEntropy.forward({ ...chunk(), logits: linear.forward(chunk()) })))
        .reduce((sum, loss) => sumOf(sum, loss)),

    lossAndGradients(inputs) {
      const scale = 2 ** Math.ceil(Math.log2(inputs.x.shape[0])) // the gradient of a logit is about 1 / rows
      const rowsOfX: tf.Tensor2D[] = []
      let total: { loss: tf.Scalar; weight: tf.Tensor2D } | null = null
      for (const chunk of chunksOf(inputs)) {
        const { x, ...parts } = tf.tidy(() => {
          const inputs = chunk()
          const logits = linear.forward(inputs)
          const loss = crossEntropy.forward({ ...inputs, logits })
          const gradient = crossEntropy.backward({ ...inputs, logits }, tf.scalar(scale)).logits
          logits.dispose()
          return { loss, ...linear.backward(inputs, gradient) }
        })
        rowsOfX.push(x)
        total = total
          ? { loss: sumOf(total.loss, parts.loss), weight: sumOf(total.weight, parts.weight) }
          : { loss: parts.loss, weight: parts.weight }
      }
      const { loss, weight } = total as NonNullable<typeof total>
      const x = rowsOfX.length === 1 ? rowsOfX[0] : tf.concat(rowsOfX, 0)
      return { loss, gradients: { x, weight, scale } }
    },
  }
}

/** The chunks, each made when it is called for. */
function chunksOf({ x, weight, labels, rowWeights, precision, chunkRows }: LinearCrossEntropyInputs): (() => Chunk)[] {
  const [rows, inputSize] = x.shape
  if (chunkRows >= rows) return [() => ({ x, weight, labels, rowWeights, precision })]
  return Array.from({ length: Math.ceil(rows / chunkRows) }, (_, i) => {
    const start = i * chunkRows
    const count = Math.min(chunkRows, rows - start)
    return () => ({
      x: tf.slice(x, [start, 0], [count, inputSize]),
      weight,
      labels: tf.slice(labels, start, count),
      rowWeights: tf.slice(rowWeights, start, count),
      precision,
    })
  })
}

/** Consumes both. */
function sumOf<T extends tf.Tensor>(a: T, b: T): T {
  const sum = tf.add(a, b) as T
  a.dispose()
  b.dispose()
  return sum
}
