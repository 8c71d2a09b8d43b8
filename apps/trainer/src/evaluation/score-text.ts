import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Tokenizer } from '@swat-js/data'
import { evaluateTokens, type SwatConfig, type SwatParameters } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import { tokenText } from './token-text.js'

/** How well a model predicts a text, and how well gzip does. */
export interface TextScore {
  /** Mean loss, nats a scored token. */
  loss: number
  /** e to the loss. */
  perplexity: number
  /** Bits the model needs for a byte of the scored text. */
  bitsPerByte: number
  /** Bits that `gzip -9` needs for a byte of the same text. */
  gzipBitsPerByte: number
  /** Scored tokens: all but the first. */
  tokens: number
  /** Bytes of the scored text. */
  bytes: number
}

/** A model with the tokenizer it speaks. */
export interface SpeakingModel {
  /** The weights. */
  parameters: SwatParameters
  /** The model they belong to. */
  model: SwatConfig
  /** Text to its tokens and back. */
  tokenizer: Tokenizer
}

/** How a text is scored. */
export interface ScoreOptions {
  /** Take only so many tokens from the start; null takes all. */
  limit?: number | null
  /** Cut the text into pieces of so many tokens, each scored by itself; null takes it as one stream. */
  pieceLength?: number | null
  /** Called with the tokens scored so far and in total. */
  onProgress?: (done: number, total: number) => void
  /** Ends the scoring when it aborts. */
  signal?: AbortSignal
}

/**
 * Scores a text: every token but the first, once, with all the context the model can see in the text, or in its piece.
 *
 * @param speaker - the model
 * @param tokens - the text
 * @param options - see {@link ScoreOptions}
 * @throws SwatError `text-too-short` when there is nothing to score, `non-finite-loss` when the weights give NaN or
 * Infinity; the signal's reason when it aborts
 */
export async function scoreText(
  speaker: SpeakingModel,
  tokens: Uint16Array | Uint32Array,
  options: ScoreOptions = {},
): Promise<TextScore> {
  const taken = tokens.subarray(0, options.limit ?? tokens.length)
  const text = tokenText(taken.subarray(1), speaker.tokenizer)
  if (text.length === 0) {
    throw new SwatError(
      'text-too-short',
      `The text to score has ${taken.length} token(s), and the first one is never scored. Bring more text.`,
    )
  }
  const { loss, totalNats } = await evaluateTokens(speaker.parameters, speaker.model, taken, {
    ...(options.pieceLength && { pieceLength: options.pieceLength }),
    async onProgress(done, total) {
      options.onProgress?.(done, total)
      await setImmediate() // lets signals in
      options.signal?.throwIfAborted()
    },
  })
  if (!Number.isFinite(loss)) {
    throw new SwatError('non-finite-loss', `The loss on the text is ${loss}: the model's weights are not usable.`)
  }
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: totalNats / Math.LN2 / text.length,
    gzipBitsPerByte: (gzipSync(text, { level: 9 }).length * 8) / text.length,
    tokens: taken.length - 1,
    bytes: text.length,
  }
}
