import { sigmoid, sigmoidDerivative, supportedOn, tf } from '@swat-js/tensor-core'
import type { AttentionTerm, SwatAttentionInputs, SwatAttentionKernel } from '../../op/contract.js'
import { visibleKeys } from '../../window/window.js'

/** The reference: plain loops over the visible keys, in double precision (spec 1.1, 3.1). */
export const kernel: SwatAttentionKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward(inputs) {
    const [, , , headDim] = inputs.queries.shape
    const V = inputs.values.dataSync()
    const O = new Float64Array(inputs.queries.size)
    forEachRow(inputs, ({ query, seen, weights }) => {
      seen.forEach(({ key }, i) => {
        for (let d = 0; d < headDim; d++) O[query + d] += weights[i] * V[key + d]
      })
    })
    return tf.tensor4d(Float32Array.from(O), inputs.queries.shape)
  },

  backward(inputs, outputGradient, wanted) {
    const { queries, keys, values, scale, activation } = inputs
    const [, , , headDim] = queries.shape
    const [Q, K, V, G] = [queries, keys, values, outputGradient].map((tensor) => tensor.dataSync())
    const [dQ, dK, dV] = [queries, keys, values].map((tensor) => new Float64Array(tensor.size))
    const terms = Object.fromEntries(wanted.map((name) => [name, new Float64Array(inputs[name]?.size ?? 0)]))
    const tableLength = inputs.distanceTable?.shape[1] ?? 0

    forEachRow(inputs, ({ head, query, seen, logits, weights, sinkWeight }) => {
      const dP = seen.map(({ key }) => dot(G, query, V, key, headDim))
      const expected = dP.reduce((sum, dp, i) => sum + weights[i] * dp, 0) // Σ p · dP, softmax only
      seen.forEach(({ key, distance }, i) => {
        const dS = activation === 'sigmoid' ? dP[i] * sigmoidDerivative(logits[i]) : weights[i] * (dP[i] - expected)
        for (let d = 0; d < headDim; d++) {
          dV[key + d] += weights[i] * G[query + d]
          dQ[query + d] += scale * dS * K[key + d]
          dK[key + d] += scale * dS * Q[query + d]
        }
        if (terms.slopes) terms.slopes[head] += dS * distance
        if (terms.bias) terms.bias[head] += dS
        if (terms.distanceTable && distance < tableLength) terms.distanceTable[head * tableLength + distance] += dS
      })
      if (terms.sinkLogits) terms.sinkLogits[head] -= sinkWeight * expected
    })

    const likeInput = (data: Float64Array, input: tf.Tensor) => tf.tensor(Float32Array.from(data), input.shape)
    return {
      queries: likeInput(dQ, queries) as tf.Tensor4D,
      keys: likeInput(dK, keys) as tf.Tensor4D,
      values: likeInput(dV, values) as tf.Tensor4D,
      ...Object.fromEntries(wanted.map((name) => [name, likeInput(terms[name], inputs[name] as tf.Tensor)])),
    }
  },
}

/** One query of one head, with what it sees. `query` and `key` are offsets of the vectors in the tensors' data. */
interface Row {
  head: number
  query: number
  seen: { key: number; distance: number }[]
  logits: number[]
  weights: number[]
  sinkWeight: number
}

function forEachRow(inputs: SwatAttentionInputs, visit: (row: Row) => void): void {
  const { scale, window, sinks, activation } = inputs
  const [batch, queryCount, heads, headDim] = inputs.queries.shape
  const [, keyCount, kvHeads] = inputs.keys.shape
  const [Q, K] = [inputs.queries.dataSync(), inputs.keys.dataSync()]
  const data = (name: AttentionTerm) => inputs[name]?.dataSync()
  const [slopes, bias, table, sinkLogits] = [data('slopes'), data('bias'), data('distanceTable'), data('sinkLogits')]
  const tableLength = inputs.distanceTable?.shape[1] ?? 0
  const [querySegments, keySegments] = [inputs.querySegments?.dataSync(), inputs.keySegments?.dataSync()]

  for (let b = 0; b < batch; b++) {
    const [queryOffset, keyOffset] = [inputs.queryOffsets[b], inputs.keyOffsets[b]]
    for (let m = 0; m < queryCount; m++) {
      const position = queryOffset + m
      const ranges = visibleKeys(position, position, { keys: keyCount, keyOffset, window, sinks })
      const querySegment = querySegments?.[b * queryCount + m]
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads)
        const query = ((b * queryCount + m) * heads + head) * headDim
        const seen: Row['seen'] = []
        const logits: number[] = []
        for (const { start, end } of ranges) {
          for (let n = start; n < end; n++) {
            if (keySegments?.[b * keyCount + n] !== querySegment) continue
            const key = ((b * keyCount + n) * kvHeads + kvHead) * headDim
            const distance = position - (keyOffset + n)
            let z = scale * dot(Q, query, K, key, headDim)
            if (slopes) z += slopes[head] * distance
            if (bias) z += bias[head]
            if (table && distance < tableLength) z += table[head * tableLength + distance]
            seen.push({ key, distance })
            logits.push(z)
          }
        }
        if (activation === 'sigmoid') {
          visit({ head, query, seen, logits, weights: logits.map(sigmoid), sinkWeight: 0 })
        } else {
          visit({ head, query, seen, logits, ...softmax(logits, sinkLogits?.[head] ?? -Infinity) })
        }
      }
    }
  }
}

/** Softmax over the logits and one sink logit, whose weight goes to nothing. */
function softmax(logits: number[], sinkLogit: number): { weights: number[]; sinkWeight: number } {
  const largest = Math.max(sinkLogit, ...logits)
  if (largest === -Infinity) return { weights: [], sinkWeight: 0 }
  const exponentials = logits.map((z) => Math.exp(z - largest))
  const sink = Math.exp(sinkLogit - largest)
  const sum = exponentials.reduce((sum, exponential) => sum + exponential, sink)
  return { weights: exponentials.map((exponential) => exponential / sum), sinkWeight: sink / sum }
}

function dot(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, size: number): number {
  let sum = 0
  for (let d = 0; d < size; d++) sum += a[i + d] * b[j + d]
  return sum
}
