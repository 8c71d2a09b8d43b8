import { setImmediate } from 'node:timers/promises'
import { createTextDecoder } from '@swat-js/data'
import { generateBatch, type GeneratedToken, type SamplingOptions } from '@swat-js/models'
import type { SpeakingModel } from './score-text.js'

/** How text is continued. */
export interface ContinueOptions extends Omit<SamplingOptions, 'random' | 'topK'> {
  /** The most tokens to write, of each text; fewer when the model ends the document or writes a stop string. */
  tokens: number
  /** Sample among the so many likeliest tokens; null (default) among all. */
  topK?: number | null
  /** Decides what is drawn; default 1. The text at place i draws with `seed + i`, whatever is written beside it. */
  seed?: number
  /** The text ends before the first of these, which is not written. Default none. */
  stop?: readonly string[]
  /** Ends the text when it aborts. */
  signal?: AbortSignal
}

/** How several texts are continued. */
export interface ContinueTextsOptions extends ContinueOptions {
  /**
   * Tells how likely the model thinks each token is, before sampling options act, and so many of the likeliest tokens;
   * 0 tells of the written one alone. Default: nothing.
   */
  logProbabilities?: number
}

/** What comes of a text with one token, or at its end. */
export interface TextPiece {
  /** Which prompt it continues: its place in the list. */
  sequence: number
  /** What is certain of the text now: whole characters, nothing of a stop string; may be `''`. */
  text: string
  /** The token; null at the end. */
  token: GeneratedToken | null
  /** Null while the text goes on; `stop`: by a stop string or the end of the document; `length`: by `tokens`. */
  end: 'stop' | 'length' | null
}

/**
 * Continues several texts side by side, in memory that does not grow.
 *
 * @param speaker - the model
 * @param prompts - the texts so far, at least one
 * @param options - see {@link ContinueTextsOptions}
 * @returns yields a piece for each token of each text as it comes, and one when a text ends. The pieces of a text,
 * joined, are what was written.
 * @throws SwatError `generation` or `sampling` when an option makes no sense, DataError `invalid-argument` for a stop
 * string that cannot come; the signal's reason when it aborts
 */
export async function* continueTexts(
  speaker: SpeakingModel,
  prompts: readonly string[],
  options: ContinueTextsOptions,
): AsyncGenerator<TextPiece, void, void> {
  const { parameters, model, tokenizer } = speaker
  const { tokens, seed = 1, stop, signal, topK, ...sampling } = options
  const decoders = prompts.map(() => createTextDecoder(tokenizer, { stop }))
  const ended = prompts.map(() => false)
  const counts = prompts.map(() => 0)
  const end = (sequence: number, reason: 'stop' | 'length'): TextPiece => {
    ended[sequence] = true
    return { sequence, text: decoders[sequence].flush(), token: null, end: reason }
  }

  const texts = prompts.map((prompt) => tokenizer.encode(prompt))
  const steps = generateBatch(parameters, model, texts, {
    ...sampling,
    ...(typeof topK === 'number' ? { topK } : {}),
    maxNewTokens: tokens,
    seed,
    stopTokens: [...tokenizer.specialTokens.values()],
    isStopped: (sequence) => ended[sequence],
  })
  for await (const step of steps) {
    for (const [sequence, token] of step.entries()) {
      if (ended[sequence]) continue
      if (token === null) {
        yield end(sequence, 'stop')
        continue
      }
      counts[sequence]++
      yield { sequence, text: decoders[sequence].push(token.token), token, end: null }
      if (decoders[sequence].stopped) yield end(sequence, 'stop')
    }
    await setImmediate() // lets signals in: the engines only yield to promises
    signal?.throwIfAborted()
  }
  for (const sequence of prompts.keys()) {
    if (!ended[sequence]) yield end(sequence, counts[sequence] === tokens ? 'length' : 'stop')
  }
}
