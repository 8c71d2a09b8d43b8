import type { SwatConfig } from '../config/swat-config.js'
import { parameterShapes } from './parameter-shapes.js'

/** Numbers of parameters, by part of the model. */
export interface ParameterCount {
  /** All parameters. */
  total: number
  /** The embedding matrix. */
  embedding: number
  /** One block. */
  perLayer: number
  /** All blocks. */
  allLayers: number
  /** The norm after the last block. */
  finalNorm: number
  /** The output matrix; 0 when it is tied to the embedding. */
  outputLayer: number
  /** Blocks and final norm: what is left without embedding and output matrix. */
  nonEmbedding: number
}

/**
 * Counts the parameters of a model without creating it (spec 4.4).
 *
 * @param config - the model
 * @returns the counts
 */
export function parameterCount(config: SwatConfig): ParameterCount {
  const sizes = [...parameterShapes(config)].map(([name, shape]) => ({ name, size: shape.reduce((a, b) => a * b) }))
  const sumOf = (prefix: string) =>
    sizes.filter(({ name }) => name.startsWith(prefix)).reduce((sum, { size }) => sum + size, 0)
  const allLayers = sumOf('model.layers.')
  const finalNorm = sumOf('model.norm.')
  return {
    total: sumOf(''),
    embedding: sumOf('model.embeddings.'),
    perLayer: sumOf('model.layers.0.'),
    allLayers,
    finalNorm,
    outputLayer: sumOf('lm_head.'),
    nonEmbedding: allLayers + finalNorm,
  }
}
