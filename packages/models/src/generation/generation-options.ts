import { SwatError, type KernelPolicy } from '@swat-js/tensor-core'
import type { SamplingOptions } from './sampling-options.js'

/** How one text is generated. */
export interface GenerationOptions extends SamplingOptions {
  /** Stop after this many tokens; `Infinity` never stops by itself. */
  maxNewTokens: number
  /** Stop when one of these is drawn; it is not yielded. */
  stopTokens?: readonly number[]
  /** Tokens of a prompt that are read at once; default 256. Memory grows with it, not with the prompt. */
  prefillChunk?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** How several texts are generated side by side. */
export interface BatchGenerationOptions extends Omit<GenerationOptions, 'random'> {
  /**
   * Decides what is drawn: the sequence at place i draws from `createRandom(seed + i)`, whatever stands beside it.
   * Needed unless `temperature` is 0.
   */
  seed?: number
  /**
   * Tells how likely the model thinks each drawn token is, and so many of the likeliest tokens; 0 tells of the drawn
   * one alone. Default: nothing.
   */
  logProbabilities?: number
  /**
   * Asked about each sequence when its newest token was yielded; true ends it. For rules beyond tokens, such as stop
   * strings.
   */
  isStopped?: (sequence: number) => boolean
}

/**
 * Throws unless prompts and options make sense.
 *
 * @param caller - the public function that checks, named in the message
 * @param prompts - token ids
 * @param vocabSize - ids of the model
 * @param options - see {@link BatchGenerationOptions}
 * @throws SwatError `generation`
 */
export function checkGeneration(
  caller: string,
  prompts: readonly ArrayLike<number>[],
  vocabSize: number,
  options: Omit<BatchGenerationOptions, 'seed'>,
): void {
  const { maxNewTokens, stopTokens = [], prefillChunk = 1, logProbabilities = 0 } = options
  const refuse = (message: string): never => {
    throw new SwatError('generation', `${caller}: ${message}`)
  }
  const expectCount = (name: string, count: number, least: number) => {
    if (Number.isInteger(count) && count >= least) return
    refuse(`${name} must be an integer ≥ ${least}, but is ${count}.`)
  }
  if (prompts.length === 0) refuse('there must be a prompt at least.')
  prompts.forEach(({ length }, i) => {
    if (length > 0) return
    const which = prompts.length === 1 ? 'the prompt' : `prompt ${i}`
    refuse(`${which} must have a token at least. Begin with a start token.`)
  })
  if (maxNewTokens !== Infinity) expectCount('maxNewTokens', maxNewTokens, 0)
  expectCount('prefillChunk', prefillChunk, 1)
  expectCount('logProbabilities', logProbabilities, 0)
  const unknown = stopTokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize))
  if (unknown !== undefined) {
    refuse(`stopTokens must be ids from 0 to ${vocabSize - 1}, but one is ${unknown}: it would never come.`)
  }
}
