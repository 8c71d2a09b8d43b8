import { linearCrossEntropy, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'

/** Which losses are measured. */
export interface LossByContextOptions {
  /** How many tokens the model is given before the one it predicts; from 1 on. */
  contexts: readonly number[]
  /** Places in the text of the tokens that predict the next one, the same for each context. */
  places: readonly number[]
  /** How many of them are computed at a time; default 16. Does not change the result. */
  batchSize?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Called after each batch with the losses done and in all; a promise is waited for. */
  onProgress?: (done: number, total: number) => unknown
}

/**
 * How well the model predicts the same tokens when it is given more or fewer tokens before them (spec 8.4, iii).
 *
 * @param parameters - the weights of the model
 * @param config - the model they belong to
 * @param ids - token ids
 * @param options - see {@link LossByContextOptions}
 * @returns for each context the mean loss in nats over the places
 * @throws SwatError `inspection` when contexts, places or numbers make no sense, and what `swatHiddenStates` throws
 */
export async function lossByContext(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: LossByContextOptions,
): Promise<number[]> {
  const { contexts, places, batchSize = 16, kernels, onProgress } = options
  expectContexts({ contexts, places, batchSize }, ids.length)
  const losses: number[] = []
  for (const [i, length] of contexts.entries()) {
    let nats = 0
    for (let done = 0; done < places.length; done += batchSize) {
      const batch = places.slice(done, done + batchSize)
      const loss = tf.tidy(() => {
        const given = batch.flatMap((place) => Array.from({ length }, (_, i) => ids[place - length + 1 + i]))
        const next = batch.map((place) => ids[place + 1])
        const input = tf.tensor2d(given, [batch.length, length], 'int32')
        const context = { logits: 'last', kernels } as const
        const { hidden, outputWeight } = swatHiddenStates(parameters, config, input, context) // [batch, 1, hidden]
        const last: tf.Tensor2D = tf.reshape(hidden, [batch.length, config.hiddenSize])
        return linearCrossEntropy(last, outputWeight, tf.tensor1d(next, 'int32'), { kernels })
      })
      const [meanNats] = await loss.data()
      loss.dispose()
      nats += meanNats * batch.length
      await onProgress?.(i * places.length + done + batch.length, contexts.length * places.length)
    }
    losses.push(nats / places.length)
  }
  return losses
}

function expectContexts(
  { contexts, places, batchSize }: { contexts: readonly number[]; places: readonly number[]; batchSize: number },
  textLength: number,
): void {
  const refuse = (problem: string) => {
    throw new SwatError('inspection', `lossByContext: ${problem}.`)
  }
  if (contexts.length === 0 || places.length === 0) refuse('contexts and places must name one at least')
  for (const value of [batchSize, ...contexts]) {
    if (Number.isInteger(value) && value > 0) continue
    refuse(`contexts and batchSize must be positive integers, but one is ${value}`)
  }
  const longest = Math.max(...contexts)
  const wrong = places.find((place) => !Number.isInteger(place) || place < longest - 1 || place > textLength - 2)
  if (wrong === undefined) return
  refuse(
    `a place must have the longest context, ${longest} tokens, up to itself and one token after it, that is be from ` +
      `${longest - 1} to ${textLength - 2}, but is ${wrong}`,
  )
}
