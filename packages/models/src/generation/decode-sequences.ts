import { tf, type Random } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import { checkGeneration, type BatchGenerationOptions } from './generation-options.js'
import { sampleToken } from './sample-token.js'
import { checkSampling } from './sampling-options.js'
import { tokenLogProbabilities, type TokenLogProbability } from './token-log-probabilities.js'

/** A token that was drawn. */
export interface GeneratedToken {
  /** Its id. */
  token: number
  /**
   * Natural logarithm of its probability in the model's own distribution: before repetition penalty, temperature, topK,
   * topP and minP. `null` unless `logProbabilities` was given.
   */
  logProbability: number | null
  /** The likeliest tokens of that distribution, the first one first; as many as `logProbabilities` asks for. */
  likeliest: TokenLogProbability[]
}

interface Sequence {
  random: Random | undefined
  /** Tokens of its text, each once, so that it does not grow; kept for the repetition penalty only. */
  seen: Set<number> | undefined
  logits: Float32Array // [vocab]
  ended: boolean
}

/**
 * The one loop that all generation goes through: reads the prompts in chunks, then draws a token for each sequence and
 * reads it. The cache is freed when the generator ends, also when the consumer stops early.
 *
 * @param caller - the public function, named in messages
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param prompts - token ids
 * @param sources - randomness of each sequence
 * @param options - see {@link BatchGenerationOptions}
 * @returns yields `[batch]` for each step, `null` where a sequence has ended
 * @throws SwatError as `generateBatch` does
 */
export async function* decodeSequences(
  caller: string,
  parameters: SwatParameters,
  config: SwatConfig,
  prompts: readonly ArrayLike<number>[],
  sources: readonly (Random | undefined)[],
  options: Omit<BatchGenerationOptions, 'seed'>,
): AsyncGenerator<(GeneratedToken | null)[], void, void> {
  const { maxNewTokens, stopTokens = [], isStopped, prefillChunk = 256, logProbabilities, kernels } = options
  checkGeneration(caller, prompts, config.vocabSize, options)
  checkSampling(caller, { ...options, random: sources[0] })
  if (maxNewTokens === 0) return

  const { vocabSize } = config
  const penalises = (options.repetitionPenalty ?? 1) !== 1
  const sequences = prompts.map((prompt, i): Sequence => ({
    random: sources[i],
    seen: penalises ? new Set(Array.from(prompt)) : undefined,
    logits: new Float32Array(0),
    ended: false,
  }))

  let cache = createModelCache(config, sequences.length)
  /** Reads some tokens of each sequence, maybe none; those that got any have new logits then. */
  const read = async (rows: readonly ArrayLike<number>[]) => {
    const lengths = rows.map((row) => row.length)
    const length = Math.max(...lengths)
    const logits = tf.tidy(() => {
      const ids = new Int32Array(rows.length * length) // where a row ends, padding follows
      rows.forEach((row, i) => ids.set(row, i * length))
      const input = tf.tensor2d(ids, [rows.length, length], 'int32')
      const padded = lengths.some((own) => own < length)
      const context = { cache, lengths: padded ? lengths : undefined, logits: 'last', kernels } as const
      const next = swatTransformer(parameters, config, input, context)
      cache = next.cache ?? cache
      return next.logits
    })
    const values = await logits.data<'float32'>() // [batch, 1, vocab]
    logits.dispose()
    sequences.forEach((sequence, i) => {
      if (rows[i].length > 0) sequence.logits = values.subarray(i * vocabSize, (i + 1) * vocabSize)
    })
  }
  const draw = (sequence: Sequence): GeneratedToken | null => {
    const token = sampleToken(sequence.logits, { ...options, random: sequence.random }, sequence.seen)
    sequence.seen?.add(token)
    sequence.ended = stopTokens.includes(token)
    if (sequence.ended) return null
    if (logProbabilities === undefined) return { token, logProbability: null, likeliest: [] }
    return { token, ...tokenLogProbabilities(sequence.logits, token, logProbabilities) }
  }

  try {
    const texts = prompts.map((prompt) => Int32Array.from(prompt))
    const longest = Math.max(...texts.map(({ length }) => length))
    for (let start = 0; start < longest; start += prefillChunk) {
      await read(texts.map((text) => text.subarray(start, start + prefillChunk)))
    }
    for (let count = 1; ; count++) {
      const step = sequences.map((sequence) => (sequence.ended ? null : draw(sequence)))
      if (step.every((drawn) => drawn === null)) return
      yield step
      if (isStopped) sequences.forEach((sequence, i) => (sequence.ended ||= isStopped(i)))
      if (count === maxNewTokens || sequences.every(({ ended }) => ended)) return
      await read(step.map((drawn, i) => (drawn && !sequences[i].ended ? [drawn.token] : [])))
    }
  } finally {
    disposeModelCache(cache)
  }
}
