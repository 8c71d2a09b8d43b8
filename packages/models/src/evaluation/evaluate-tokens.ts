import { crossEntropy, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { defaultChunk } from '../swat-transformer/default-chunk.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'

/** How a text is scored. */
export interface EvaluationOptions {
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. Does not change the result. */
  chunk?: number
  /** Score at most this many tokens, from the start. */
  limit?: number
  /**
   * Cut the text into pieces in which so many tokens are scored, each by itself like a training sequence; the first of
   * each is predicted from the last token of the piece before. Default: the whole text is one stream.
   */
  pieceLength?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Called after each chunk with the tokens scored so far and in total; a promise is waited for. */
  onProgress?: (scored: number, total: number) => unknown
}

/** How well a model predicts a text. */
export interface Evaluation {
  /** Mean nats for each scored token. */
  loss: number
  /** Tokens scored. */
  tokens: number
  /** Sum over the scored tokens. */
  totalNats: number
}

/**
 * Scores a text through the cache, as one stream or in pieces: every token but the first is scored once, with all the
 * context that the model can see in its stream or piece.
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param tokens - token ids, at least two
 * @param options - see {@link EvaluationOptions}
 * @returns loss, number of tokens and sum
 * @throws SwatError `evaluation` when there is nothing to score or an option makes no sense, `token-id` or
 * `label` when a token is not in the vocabulary
 */
export async function evaluateTokens(
  parameters: SwatParameters,
  config: SwatConfig,
  tokens: ArrayLike<number>,
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  const { chunk = defaultChunk(), limit = Infinity, kernels, onProgress } = options
  const total = Math.min(tokens.length - 1, limit)
  if (!Number.isInteger(total) || total < 1) {
    throw new SwatError(
      'evaluation',
      `evaluateTokens: one token must be scored at least, but there are ${tokens.length} tokens, limit ${limit}. ` +
        'Give at least two tokens and a limit from 1 upwards.',
    )
  }
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new SwatError('evaluation', `evaluateTokens: chunk must be a positive integer, but is ${chunk}.`)
  }
  const { pieceLength = total } = options
  if (!Number.isInteger(pieceLength) || pieceLength < 1) {
    throw new SwatError('evaluation', `evaluateTokens: pieceLength must be a positive integer, but is ${pieceLength}.`)
  }
  const ids = Int32Array.from({ length: total + 1 }, (_, i) => tokens[i])

  let scored = 0
  let totalNats = 0
  for (const { starts, length } of groupsOfPieces(total, pieceLength, chunk)) {
    await scoreTogether(parameters, config, ids, { starts, length, chunk, kernels }, async (nats, count) => {
      totalNats += nats
      scored += count
      await onProgress?.(scored, total)
    })
  }
  return { loss: totalNats / total, tokens: total, totalNats }
}

interface Group {
  /** Where pieces of the same length start. */
  starts: number[]
  length: number
}

/** Short pieces are scored side by side, as many as make a chunk; the last one may be shorter than the others. */
function groupsOfPieces(total: number, pieceLength: number, chunk: number): Group[] {
  const whole = Array.from({ length: Math.floor(total / pieceLength) }, (_, i) => i * pieceLength)
  const together = Math.max(1, Math.floor(chunk / pieceLength))
  const groups: Group[] = []
  for (let i = 0; i < whole.length; i += together) {
    groups.push({ starts: whole.slice(i, i + together), length: pieceLength })
  }
  const rest = total % pieceLength
  return rest === 0 ? groups : [...groups, { starts: [total - rest], length: rest }]
}

/** Scores pieces of one length side by side, in chunks; tells the nats of each chunk and the number of its tokens. */
async function scoreTogether(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: Int32Array,
  { starts, length, chunk, kernels }: Group & { chunk: number; kernels: KernelPolicy | undefined },
  tell: (nats: number, count: number) => Promise<void>,
): Promise<void> {
  let cache = createModelCache(config, starts.length)
  const perPass = Math.max(1, Math.floor(chunk / starts.length))
  try {
    for (let from = 0; from < length; from += perPass) {
      const to = Math.min(from + perPass, length)
      const count = starts.length * (to - from)
      const loss = tf.tidy(() => {
        const part = (shift: number) =>
          Int32Array.from(starts.flatMap((start) => [...ids.subarray(start + from + shift, start + to + shift)]))
        const inputs = tf.tensor2d(part(0), [starts.length, to - from], 'int32')
        const labels = tf.tensor1d(part(1), 'int32') // [pieces · length]
        const next = swatTransformer(parameters, config, inputs, { cache, kernels })
        cache = next.cache ?? cache // at once: what follows may throw
        const logits = tf.reshape(next.logits, [count, config.vocabSize]) as tf.Tensor2D // [pieces · length, vocab]
        return crossEntropy(logits, labels, { kernels })
      })
      const [meanNats] = await loss.data()
      loss.dispose()
      await tell(meanNats * count, count)
    }
  } finally {
    disposeModelCache(cache)
  }
}
