import { continueTexts, type ContinueOptions } from './continue-texts.js'
import type { SpeakingModel } from './score-text.js'

/**
 * Continues a text, in memory that does not grow. `continueTexts` continues several and tells of tokens.
 *
 * @param speaker - the model
 * @param prompt - the text so far
 * @param options - see {@link ContinueOptions}
 * @returns yields pieces of text as they come, never half a character nor a part of a stop string
 * @throws as {@link continueTexts} does
 */
export async function* continueText(
  speaker: SpeakingModel,
  prompt: string,
  options: ContinueOptions,
): AsyncGenerator<string, void, void> {
  for await (const { text } of continueTexts(speaker, [prompt], options)) if (text !== '') yield text
}
