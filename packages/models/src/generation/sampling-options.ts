import { SwatError, type Random } from '@swat-js/tensor-core'

/**
 * How the next token is drawn. The options act in the order in which they stand here, that of Hugging Face's `generate`
 * and under its names (llama.cpp: the same rules, but the temperature last by default). Of tokens that are equally
 * likely those with lower ids come first, everywhere. The likeliest token is never taken out.
 */
export interface SamplingOptions {
  /**
   * Makes tokens of the text so far, prompt included, less likely (more likely below 1): a positive logit is divided by
   * it, a negative one multiplied, once however often the token came (CTRL, arXiv 1909.05858, section 4.1; the negative
   * case as in Hugging Face). Default 1: no change.
   */
  repetitionPenalty?: number
  /** Divides the logits; 0 takes the most likely token. Default 1. */
  temperature?: number
  /** Draw from this many most likely tokens; default all. */
  topK?: number
  /**
   * Draw from the fewest most likely tokens whose probabilities add up to at least this, of what `topK` left (nucleus
   * sampling, arXiv 1904.09751, section 3.1). Above 0; default 1: all.
   */
  topP?: number
  /**
   * Draw from tokens that are at least this share as likely as the likeliest one (arXiv 2407.01082, section 3). From 0
   * to 1; default 0: all.
   */
  minP?: number
  /** Source of randomness; needed unless `temperature` is 0. */
  random?: Random
}

/**
 * Throws unless the options that make a distribution make sense.
 *
 * @param caller - the public function that checks, named in the message
 * @param options - see {@link SamplingOptions}
 * @throws SwatError `sampling`
 */
export function checkDistribution(caller: string, options: SamplingOptions): void {
  const { repetitionPenalty = 1, temperature = 1, topK = 1, topP = 1, minP = 0 } = options
  const expect = (right: boolean, name: string, expected: string, value: number) => {
    if (right) return
    throw new SwatError('sampling', `${caller}: ${name} must be ${expected}, but is ${value}. Leave it out for none.`)
  }
  const penalises = repetitionPenalty > 0 && repetitionPenalty < Infinity
  expect(penalises, 'repetitionPenalty', 'a number above 0 (1 changes nothing)', repetitionPenalty)
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new SwatError('sampling', `${caller}: temperature must be a number from 0 upwards, but is ${temperature}.`)
  }
  expect(Number.isInteger(topK) && topK >= 1, 'topK', 'a positive integer', topK)
  expect(topP > 0 && topP <= 1, 'topP', 'a number above 0 and at most 1', topP)
  expect(minP >= 0 && minP <= 1, 'minP', 'a number from 0 to 1', minP)
}

/**
 * Throws unless a token can be drawn with these options.
 *
 * @param caller - the public function that checks, named in the message
 * @param options - see {@link SamplingOptions}
 * @throws SwatError `sampling`
 */
export function checkSampling(caller: string, options: SamplingOptions): void {
  checkDistribution(caller, options)
  if ((options.temperature ?? 1) > 0 && !options.random) {
    throw new SwatError('sampling', `${caller}: random is missing. Give createRandom(seed), or temperature 0.`)
  }
}
