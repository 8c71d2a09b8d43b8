import { sigmoid, supportedOn, tf } from '@swat-js/tensor-core'
import type { CachedAttentionInputs, CachedAttentionKernel, SequencePlace } from '../../contract.js'

/** The reference: plain loops over the visible keys, in double precision. It copies the past. */
export const kernel: CachedAttentionKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  attend(inputs) {
    const { queries, keys, values, pastKeys, pastValues, places, activation, scale } = inputs
    const [, length, heads, headDim] = queries.shape
    const [, rows, kvHeads] = pastKeys.shape
    const [Q, K, V] = [queries, keys, values].map((tensor) => tensor.dataSync())
    const [pastK, pastV] = [pastKeys, pastValues].map((tensor) => Float32Array.from(tensor.dataSync()))
    const [slopes, bias, sinkLogits] = [inputs.slopes, inputs.bias, inputs.sinkLogits].map((term) => term?.dataSync())
    const table = inputs.distanceTable?.dataSync()
    const tableLength = inputs.distanceTable?.shape[1] ?? 0
    const O = new Float32Array(queries.size)

    places.forEach((place, b) => {
      for (let i = 0; i < place.count; i++) {
        const seen = seenKeys(place, i, inputs)
        for (let head = 0; head < heads; head++) {
          const kvHead = Math.floor((head * kvHeads) / heads)
          const query = ((b * length + i) * heads + head) * headDim
          const vectorAt = ({ past, row }: SeenKey) => ((b * (past ? rows : length) + row) * kvHeads + kvHead) * headDim
          const logits = seen.map((key) => {
            const [from, at] = [key.past ? pastK : K, vectorAt(key)]
            let z = 0
            for (let d = 0; d < headDim; d++) z += Q[query + d] * from[at + d]
            z *= scale
            if (slopes) z += slopes[head] * key.distance
            if (bias) z += bias[head]
            if (table && key.distance < tableLength) z += table[head * tableLength + key.distance]
            return z
          })
          const weights = activation === 'sigmoid' ? logits.map(sigmoid) : softmax(logits, sinkLogits?.[head])
          const sum = new Float64Array(headDim)
          seen.forEach((key, k) => {
            const [from, at] = [key.past ? pastV : V, vectorAt(key)]
            for (let d = 0; d < headDim; d++) sum[d] += weights[k] * from[at + d]
          })
          O.set(sum, query)
        }
      }
    })

    const size = kvHeads * headDim // of a row
    places.forEach((place, b) => {
      for (let j = 0; j < place.count; j++) {
        const row = rowOf(place, j, inputs)
        const token = (b * length + j) * size
        pastK.set(K.subarray(token, token + size), (b * rows + row) * size)
        pastV.set(V.subarray(token, token + size), (b * rows + row) * size)
      }
    })
    return {
      output: tf.tensor4d(O, queries.shape),
      pastKeys: tf.tensor4d(pastK, pastKeys.shape),
      pastValues: tf.tensor4d(pastV, pastValues.shape),
    }
  },
}

/** A key that a query sees: its row in the past or among the new tokens. */
interface SeenKey {
  past: boolean
  row: number
  distance: number
}

function seenKeys(place: SequencePlace, i: number, { sinks, capacity, window }: CachedAttentionInputs): SeenKey[] {
  const { slot, kept, firstSink, endSink, newSinks, position } = place
  const seen: SeenKey[] = []
  for (let row = firstSink; row < endSink; row++) seen.push({ past: true, row, distance: position + i - row })
  for (let age = kept; age > 0; age--) {
    const row = sinks + ((slot - age + capacity) % capacity)
    if (i + age < window) seen.push({ past: true, row, distance: i + age })
  }
  for (let row = 0; row <= i; row++) {
    if (i - row < window || row < newSinks) seen.push({ past: false, row, distance: i - row })
  }
  return seen
}

/** Row of the past where a new token goes. */
function rowOf(place: SequencePlace, j: number, { sinks, capacity }: CachedAttentionInputs): number {
  return j < place.newSinks ? place.endSink + j : sinks + ((place.slot + j) % capacity)
}

/** Softmax over the logits and one sink logit, whose weight goes to nothing. */
function softmax(logits: number[], sinkLogit = -Infinity): number[] {
  const largest = Math.max(sinkLogit, ...logits)
  const exponentials = logits.map((z) => Math.exp(z - largest))
  const sum = exponentials.reduce((sum, exponential) => sum + exponential, Math.exp(sinkLogit - largest))
  return exponentials.map((exponential) => exponential / sum)
}
