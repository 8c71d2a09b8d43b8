import { backpropagate, linearCrossEntropy, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'

/** Which losses are differentiated. */
export interface EmbeddingGradientsOptions {
  /** Number of tokens up to the predicting one, itself included, that the model is given. */
  length: number
  /** Places in the text of the tokens that predict the next one, each from `length − 1` to the last but one. */
  places: readonly number[]
  /** How many of them are computed at a time; default 4. Does not change the result. */
  batchSize?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Called after each batch with the places done and in all; a promise is waited for. */
  onProgress?: (done: number, total: number) => unknown
}

/**
 * How much the loss at a token depends on the tokens before it: the mean over places t of the Euclidean norm
 * `‖∂ℓ_t / ∂e_{t−Δ}‖`, where `ℓ_t` are the nats of token t + 1 and `e` the embeddings (spec 8.4, ii). Each place is
 * computed from the `length` tokens up to it alone, which is what the whole text gives where `length` is no less than
 * the receptive field and no sinks reach further.
 *
 * @param parameters - the weights of the model
 * @param config - the model they belong to
 * @param ids - token ids
 * @param options - see {@link EmbeddingGradientsOptions}
 * @returns the norm for each distance Δ from 0 on, `length` numbers
 * @throws SwatError `inspection` when places or numbers make no sense, and what `swatHiddenStates` throws
 */
export async function embeddingGradients(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: EmbeddingGradientsOptions,
): Promise<Float64Array> {
  const { length, places, batchSize = 4, kernels, onProgress } = options
  expectPlaces({ length, places, batchSize }, ids.length)
  const { hiddenSize } = config
  const norms = new Float64Array(length)
  for (let done = 0; done < places.length; done += batchSize) {
    const batch = places.slice(done, done + batchSize)
    const stretches = batch.flatMap((place) => Array.from({ length }, (_, i) => ids[place - length + 1 + i]))
    const gradient = tf.tidy(() => {
      const rows = tf.tensor1d(stretches, 'int32') // [batch · length]
      const labels = tf.tensor1d(
        batch.map((place) => ids[place + 1]),
        'int32',
      )
      // A vocabulary in which each token of the batch is a word of its own: its embedding is then e at its place.
      const embeddings = tf.gather(parameters.model.embeddings.weight, rows) as tf.Tensor2D // [batch · length, hidden]
      const words = tf.reshape(tf.range(0, stretches.length, 1, 'int32'), [batch.length, length]) as tf.Tensor2D
      const outputWeight = (parameters.lm_head ?? parameters.model.embeddings).weight
      const ownWords: SwatConfig = { ...config, vocabSize: stretches.length, tied: false }
      const loss = () => {
        const model = { ...parameters.model, embeddings: { weight: embeddings } }
        const context = { logits: 'last', checkpointActivations: true, kernels } as const
        const spoken = { model, lm_head: { weight: outputWeight } }
        const { hidden } = swatHiddenStates(spoken, ownWords, words, context) // [batch, 1, hidden]
        const last: tf.Tensor2D = tf.reshape(hidden, [batch.length, hiddenSize])
        const mean = linearCrossEntropy(last, outputWeight, labels, { kernels })
        return tf.mul(mean, batch.length) as tf.Scalar
      }
      return backpropagate(loss, [embeddings]).gradients[0] as tf.Tensor2D // [batch · length, hidden]
    })
    const data = await gradient.data<'float32'>()
    gradient.dispose()
    for (let row = 0; row < stretches.length; row++) {
      const squares = data.subarray(hiddenSize * row, hiddenSize * (row + 1)).reduce((sum, g) => sum + g * g, 0)
      norms[length - 1 - (row % length)] += Math.sqrt(squares) / places.length
    }
    await onProgress?.(done + batch.length, places.length)
  }
  return norms
}

function expectPlaces(
  { length, places, batchSize }: { length: number; places: readonly number[]; batchSize: number },
  textLength: number,
): void {
  const refuse = (problem: string) => {
    throw new SwatError('inspection', `embeddingGradients: ${problem}.`)
  }
  for (const [name, value] of Object.entries({ length, batchSize })) {
    if (!Number.isInteger(value) || value < 1) refuse(`${name} must be a positive integer, but is ${value}`)
  }
  if (places.length === 0) refuse('places must name one at least, but is empty')
  const wrong = places.find((place) => !Number.isInteger(place) || place < length - 1 || place > textLength - 2)
  if (wrong === undefined) return
  refuse(
    `a place must have ${length} tokens up to itself and one after it, that is be from ${length - 1} to ` +
      `${textLength - 2}, but is ${wrong}`,
  )
}
