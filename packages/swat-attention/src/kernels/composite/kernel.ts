import { supported, tf } from '@swat-js/tensor-core'
import type { SwatAttentionInputs, SwatAttentionKernel } from '../../op/contract.js'
import { activations } from './activations.js'
import { KeyGradient } from './key-gradient.js'
import { headsFirst, headsLast, layoutOf } from './layout.js'
import { join, product, split } from './matrices.js'
import { termGradients, termKey, termOf, type TileTerm } from './terms.js'
import { type Tile, tilesOf } from './tiles.js'

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
    const layout = layoutOf(inputs)
    const { weights } = activations[inputs.activation]
    const [Q, K, V] = [scaledQueries(inputs), inputs.keys, inputs.values].map(headsFirst)
    const outputs: tf.Tensor2D[] = []
    forEachTile(inputs, queriesFirst, (tile, term) => {
      const output = tf.tidy(() => {
        const products = product(layout.queryTile(Q, tile), layout.keyTile(K, tile), { transposeB: true })
        const logits = plus(join(products), term) // [batch · kvHeads, group · queries, columns]
        const visible = hide(weights(logits), term)
        return layout.queryRows(join(product(split(visible), layout.keyTile(V, tile))))
      })
      outputs.push(output)
    })
    return headsLast(tf.concat(outputs, 1), inputs.queries)
  },

  // Everything is transposed, [columns, group · queries], so that the products need no transpose of a whole tile.
  backward(inputs, outputGradient, wanted) {
    const layout = layoutOf(inputs)
    const { backward } = activations[inputs.activation]
    const [Q, K, V, G] = [scaledQueries(inputs), inputs.keys, inputs.values, outputGradient].map(headsFirst)
    const dQ: tf.Tensor2D[] = []
    const [dK, dV] = [new KeyGradient(layout), new KeyGradient(layout)]
    const dTerms: tf.Tensor[][] = []
    forEachTile(inputs, keysFirst, (tile, term) => {
      const [dQueries, dKeys, dValues, ...dTerm] = tf.tidy(() => {
        const [queries, gradient] = [layout.queryTile(Q, tile), layout.queryTile(G, tile)]
        const [keys, values] = [layout.keyTile(K, tile), layout.keyTile(V, tile)]
        const logits = plus(join(product(keys, queries, { transposeB: true })), term)
        const dWeights = join(product(values, gradient, { transposeB: true }))
        const { weights, dLogits } = backward(logits, dWeights, (weights) => hide(weights, term))
        const [P, dS] = [split(weights), split(dLogits)]
        return [
          layout.queryRows(join(product(dS, keys, { transposeA: true }))),
          join(product(dS, queries)),
          join(product(P, gradient)),
          ...(wanted.length > 0 ? termGradients(sumOverBatch(dLogits, tile, inputs), tile, inputs, wanted) : []),
        ]
      })
      dQ.push(dQueries as tf.Tensor2D)
      dK.add(tile, dKeys)
      dV.add(tile, dValues)
      dTerms.push(dTerm)
    })
    return {
      queries: headsLast(tf.mul(tf.concat(dQ, 1), inputs.scale), inputs.queries),
      keys: dK.total(inputs.keys),
      values: dV.total(inputs.values),
      ...Object.fromEntries(wanted.map((name, i) => [name, tf.addN(dTerms.map((gradients) => gradients[i]))])),
    }
  },
}

const scaledQueries = ({ queries, scale }: SwatAttentionInputs) => tf.mul(queries, scale) as tf.Tensor4D

/** Lays `[heads, queries, columns]` out as one row `[1, …]`, in the order of the logits it goes with. */
type TermOrder = (term: tf.Tensor3D, kvHeads: number) => tf.Tensor2D

const queriesFirst: TermOrder = (term) => tf.reshape(term, [1, -1])

const keysFirst: TermOrder = (term, kvHeads) => {
  const [heads, queries, columns] = term.shape
  const grouped = tf.reshape(term, [kvHeads, heads / kvHeads, queries, columns])
  return tf.reshape(tf.transpose(grouped, [0, 3, 1, 2]), [1, -1])
}

/** Visits the tiles in order, each with its term as rows; equal neighbours share one. */
function forEachTile(
  inputs: SwatAttentionInputs,
  order: TermOrder,
  visit: (tile: Tile, term: TileTerm<tf.Tensor2D>) => void,
): void {
  let lastKey = ''
  let term: TileTerm<tf.Tensor2D> | null = null
  for (const tile of tilesOf(inputs, blockSize)) {
    const key = termKey(tile)
    if (!term || key !== lastKey) {
      if (term) tf.dispose(term)
      term = tf.tidy(() => {
        const { logits, visible } = termOf(tile, inputs)
        const inOrder = (part: tf.Tensor3D) => order(part, inputs.keys.shape[2])
        return visible ? { logits: inOrder(logits), visible: inOrder(visible) } : { logits: inOrder(logits) }
      })
      lastKey = key
    }
    visit(tile, term)
  }
}

/** Adds a term to every sequence's logits. */
function plus(logits: tf.Tensor, { logits: term }: TileTerm<tf.Tensor2D>): tf.Tensor {
  return tf.reshape(tf.add(tf.reshape(logits, [-1, term.size]), term), logits.shape)
}

/** Sets the weights of hidden keys to zero; needed only where a query sees nothing. */
function hide(weights: tf.Tensor, { visible }: TileTerm<tf.Tensor2D>): tf.Tensor {
  return visible ? tf.reshape(tf.mul(tf.reshape(weights, [-1, visible.size]), visible), weights.shape) : weights
}

/** `[batch · kvHeads, columns, group · queries]` → `[heads, queries · columns]`, summed over the batch. */
function sumOverBatch(dLogits: tf.Tensor, tile: Tile, inputs: SwatAttentionInputs): tf.Tensor2D {
  const [batch, , heads] = inputs.queries.shape
  const kvHeads = inputs.keys.shape[2]
  const sum = tf.matMul(tf.ones([1, batch]), tf.reshape(dLogits, [batch, -1]) as tf.Tensor2D)
  const grouped = tf.reshape(sum, [kvHeads, -1, heads / kvHeads, tile.queries])
  return tf.reshape(tf.transpose(grouped, [0, 2, 3, 1]), [heads, -1])
}
