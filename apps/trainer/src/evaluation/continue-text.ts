import { setImmediate } from 'node:timers/promises'
import { createTextDecoder } from '@swat-js/data'
import { generateTokens } from '@swat-js/models'
import { createRandom } from '@swat-js/tensor-core'
import type { SpeakingModel } from './score-text.js'

/** How text is continued. */
export interface ContinueOptions {
  /** The most tokens to write; fewer when the model ends the document. */
  tokens: number
  /** 0 takes the likeliest token. */
  temperature: number
  /** Sample among the so many likeliest tokens; null among all. */
  topK: number | null
  /** Decides what is drawn. */
  seed: number
  /** Ends the text when it aborts. */
  signal?: AbortSignal
}

/**
 * Continues a text.
 *
 * @param speaker - the model
 * @param prompt - the text so far
 * @param options - see {@link ContinueOptions}
 * @returns yields pieces of text as they come, never half a character
 * @throws the signal's reason when it aborts
 */
export async function* continueText(
  speaker: SpeakingModel,
  prompt: string,
  options: ContinueOptions,
): AsyncGenerator<string, void, void> {
  const { parameters, model, tokenizer } = speaker
  const decoder = createTextDecoder(tokenizer)
  const ids = generateTokens(parameters, model, tokenizer.encode(prompt), {
    maxNewTokens: options.tokens,
    temperature: options.temperature,
    ...(options.topK === null ? {} : { topK: Math.min(options.topK, tokenizer.vocabSize) }),
    random: createRandom(options.seed),
    stopTokens: [...tokenizer.specialTokens.values()],
  })
  for await (const id of ids) {
    const piece = decoder.push(id)
    if (piece !== '') yield piece
    await setImmediate() // lets signals in: the engines only yield to promises
    options.signal?.throwIfAborted()
  }
  const rest = decoder.flush()
  if (rest !== '') yield rest
}
