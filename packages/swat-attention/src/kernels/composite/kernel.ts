import { supported, tf } from '@swat-js/tensor-core'
import type {
  AttentionTerm,
  SwatAttentionGradients,
  SwatAttentionInputs,
  SwatAttentionKernel,
} from '../../op/contract.js'
import { activations } from './activations.js'
import { KeyGradient } from './key-gradient.js'
import { headsFirst, headsLast, layoutOf } from './layout.js'
import { join, product, split } from './matrices.js'
import { sequence, sequencesOf, startAlike } from './sequences.js'
import { type Geometry, geometryOf, hidden, termGradients, termKey, termOf } from './terms.js'
import { type Tile, tilesOf } from './tiles.js'
import { type Visibility, visibilityOf } from './visibility.js'

/**
 * Queries a tile, measured on wasm: smaller tiles make more calls, larger ones compute more pairs that the window
 * hides.
 */
const blockSize = 64

/**
 * TensorFlow.js ops only, one tile of queries after the other: no tensor ever holds more than the logits of one tile.
 * The query heads that share a key head are stacked as rows of one product. The backward pass computes the weights
 * again.
 */
export const kernel: SwatAttentionKernel = {
  name: 'composite',
  supports: () => supported,

  forward(inputs) {
    if (!startAlike(inputs)) return tf.concat(sequencesOf(inputs).map((one) => kernel.forward(one)))
    const layout = layoutOf(inputs)
    const { weights } = activations[inputs.activation]
    const [Q, K, V] = [headsFirst(inputs.queries, inputs.scale), headsFirst(inputs.keys), headsFirst(inputs.values)]
    const outputs: tf.Tensor2D[] = []
    forEachTile(inputs, queriesFirst, (tile, { term, geometry }) => {
      const output = tf.tidy(() => {
        const seen = visibilityOf(tile, geometry, inputs)
        const mask = maskOf(seen, inputs, queriesFirst)
        const products = product(layout.queryTile(Q, tile, seen), layout.keyTile(K, tile, seen), { transposeB: true })
        const logits = mask.logits(plus(join(products), term)) // [batch · kvHeads, group · queries, columns]
        const visible = mask.weights(weights(logits))
        return layout.queryRows(join(product(split(visible), layout.keyTile(V, tile, seen))))
      })
      outputs.push(output)
    })
    return headsLast(joined(outputs), inputs.queries)
  },

  // Everything is transposed, [columns, group · queries], so that the products need no transpose of a whole tile.
  backward(inputs, outputGradient, wanted) {
    if (!startAlike(inputs)) return backwardBySequence(inputs, outputGradient, wanted)
    const layout = layoutOf(inputs)
    const { backward } = activations[inputs.activation]
    const [Q, K, V] = [headsFirst(inputs.queries, inputs.scale), headsFirst(inputs.keys), headsFirst(inputs.values)]
    const G = headsFirst(outputGradient)
    const dQ: tf.Tensor2D[] = []
    const [dK, dV] = [new KeyGradient(layout), new KeyGradient(layout)]
    const dTerms: tf.Tensor[][] = []
    forEachTile(inputs, keysFirst, (tile, { term, geometry }) => {
      const [dQueries, dKeys, dValues, ...dTerm] = tf.tidy(() => {
        const seen = visibilityOf(tile, geometry, inputs)
        const mask = maskOf(seen, inputs, keysFirst)
        const [queries, gradient] = [Q, G].map((x) => layout.queryTile(x, tile, seen))
        const [keys, values] = [K, V].map((x) => layout.keyTile(x, tile, seen))
        const logits = mask.logits(plus(join(product(keys, queries, { transposeB: true })), term))
        const dWeights = join(product(values, gradient, { transposeB: true }))
        const { weights, dLogits } = backward(logits, dWeights, mask.weights)
        const [P, dS] = [split(weights), split(dLogits)]
        return [
          layout.queryRows(join(product(dS, keys, { transposeA: true }))),
          join(product(dS, queries)),
          join(product(P, gradient)),
          ...(wanted.length > 0 ? termGradients(sumOverBatch(dLogits, tile, inputs), geometry, inputs, wanted) : []),
        ]
      })
      dQ.push(dQueries as tf.Tensor2D)
      dK.add(tile, dKeys)
      dV.add(tile, dValues)
      dTerms.push(dTerm)
    })
    return {
      queries: headsLast(
        tf.tidy(() => tf.mul(joined(dQ), inputs.scale)),
        inputs.queries,
      ),
      keys: dK.total(inputs.keys),
      values: dV.total(inputs.values),
      ...Object.fromEntries(wanted.map((name, i) => [name, tf.addN(dTerms.map((gradients) => gradients[i]))])),
    }
  },
}

/** One sequence after the other; the terms are shared, so their gradients add up. */
function backwardBySequence(
  inputs: SwatAttentionInputs,
  outputGradient: tf.Tensor4D,
  wanted: readonly AttentionTerm[],
): SwatAttentionGradients {
  const parts = sequencesOf(inputs).map((one, i) => kernel.backward(one, sequence(outputGradient, i), wanted))
  return {
    queries: tf.concat(parts.map(({ queries }) => queries)),
    keys: tf.concat(parts.map(({ keys }) => keys)),
    values: tf.concat(parts.map(({ values }) => values)),
    ...Object.fromEntries(wanted.map((name) => [name, tf.addN(parts.map((part) => part[name] as tf.Tensor))])),
  }
}

/** Tiles of queries one after the other; frees them. */
function joined(tiles: tf.Tensor2D[]): tf.Tensor2D {
  const all = tf.concat(tiles, 1)
  tf.dispose(tiles)
  return all
}

/** How logits lie: lays out a term `[heads, queries, columns]` and a mask `[sequences, queries, columns]` alike. */
interface Order {
  /** As `[1, heads · queries · columns]`. */
  term(term: tf.Tensor3D, kvHeads: number): tf.Tensor2D
  /** As `[sequences, 1, …]`, once or for the `group` heads of a key head, as they lie together. */
  mask(pairs: tf.Tensor3D, group: number): tf.Tensor3D
}

const queriesFirst: Order = {
  term: (term) => tf.reshape(term, [1, -1]),
  mask: (pairs) => tf.reshape(pairs, [pairs.shape[0], 1, -1]),
}

const keysFirst: Order = {
  term(term, kvHeads) {
    const [heads, queries, columns] = term.shape
    const grouped = tf.reshape(term, [kvHeads, heads / kvHeads, queries, columns])
    return tf.reshape(tf.transpose(grouped, [0, 3, 1, 2]), [1, -1])
  },
  mask(pairs, group) {
    const [sequences, queries, columns] = pairs.shape
    const swapped = tf.reshape(tf.transpose(pairs, [0, 2, 1]), [sequences, columns, 1, queries])
    return tf.reshape(tf.mul(swapped, tf.ones([1, 1, group, 1])), [sequences, 1, -1])
  },
}

/** What tiles share whose queries and keys stand alike. */
interface Shared {
  /** What the logits get, as a row. */
  term: tf.Tensor2D
  geometry: Geometry
}

/** Visits the tiles in order; equal neighbours share what follows from their places. */
function forEachTile(inputs: SwatAttentionInputs, order: Order, visit: (tile: Tile, shared: Shared) => void): void {
  let lastKey = ''
  let shared: Shared | null = null
  for (const tile of tilesOf(inputs, blockSize)) {
    const key = termKey(tile)
    if (!shared || key !== lastKey) {
      shared?.term.dispose()
      const geometry = geometryOf(tile, inputs)
      const term = tf.tidy(() => order.term(termOf(tile, geometry, inputs), inputs.keys.shape[2]))
      shared = { term, geometry }
      lastKey = key
    }
    visit(tile, shared)
  }
}

/** Adds a term to every sequence's logits. */
function plus(logits: tf.Tensor, term: tf.Tensor2D): tf.Tensor {
  return tf.reshape(tf.add(tf.reshape(logits, [-1, term.size]), term), logits.shape)
}

/** Hides what the term alone does not; nothing to do without a visibility. */
function maskOf(visibility: Visibility | null, inputs: SwatAttentionInputs, order: Order) {
  const same = (x: tf.Tensor) => x
  if (!visibility) return { logits: same, weights: same }
  const [batch, , heads] = inputs.queries.shape
  const visible = order.mask(visibility.pairs, heads / inputs.keys.shape[2])
  const apply = (op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, x: tf.Tensor, mask: tf.Tensor) =>
    tf.reshape(op(tf.reshape(x, [batch, -1, mask.shape[2] as number]), mask), x.shape)
  return {
    /** Very negative where hidden. */
    logits: (logits: tf.Tensor) => apply(tf.add, logits, tf.mul(tf.sub(1, visible), hidden)),
    /** Zero where hidden, also where a query sees nothing and softmax spreads its weights. */
    weights: (weights: tf.Tensor) => apply(tf.mul, weights, visible),
  }
}

/** `[batch · kvHeads, columns, group · queries]` → `[heads, queries · columns]`, summed over the batch. */
function sumOverBatch(dLogits: tf.Tensor, tile: Tile, inputs: SwatAttentionInputs): tf.Tensor2D {
  const [batch, , heads] = inputs.queries.shape
  const kvHeads = inputs.keys.shape[2]
  const sum = tf.matMul(tf.ones([1, batch]), tf.reshape(dLogits, [batch, -1]) as tf.Tensor2D)
  const grouped = tf.reshape(sum, [kvHeads, -1, heads / kvHeads, tile.queries])
  return tf.reshape(tf.transpose(grouped, [0, 2, 3, 1]), [heads, -1])
}
