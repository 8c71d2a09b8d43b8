/** A scaling of rotary positions that is the same for texts of every length (spec 2). */
export type StaticRotaryScaling = LinearScaling | NtkScaling | YarnScaling

/** A scaling that follows the length of the text; `rotaryScalingAt` tells what it is at one length. */
export type DynamicRotaryScaling = DynamicLinearScaling | DynamicNtkScaling

/** How rotary positions are stretched, so that a model reads texts longer than those it was trained on (spec 2). */
export type RotaryScaling = StaticRotaryScaling | DynamicRotaryScaling

/** Position interpolation (arXiv 2306.15595): every frequency is divided by the factor. */
export interface LinearScaling {
  /** Names the scaling. */
  type: 'linear'
  /** How many times longer texts become; at least 1. */
  factor: number
}

/** NTK-aware: the base is `base · factor^(headDim / (headDim − 2))`, the first frequency stays, the last is divided. */
export interface NtkScaling {
  /** Names the scaling. */
  type: 'ntk'
  /** How many times longer texts become; at least 1. */
  factor: number
}

/**
 * YaRN (arXiv 2309.00071): fast frequencies stay, slow ones are divided by the factor, those between are mixed. `yarn`
 * mixes along the index of the pair, as the authors' code and Hugging Face do; `yarn-by-parts` along the rotations
 * within the original length, as the paper does.
 */
export interface YarnScaling {
  /** Names the scaling. */
  type: 'yarn' | 'yarn-by-parts'
  /** How many times longer texts become; at least 1. */
  factor: number
  /** Tokens of the texts that the model was trained on. */
  originalLength: number
  /**
   * Temperature: multiplies queries and keys, so that logits are multiplied by its square; default 1. `rotaryMscale` is
   * the paper's, made for softmax; in sigmoid attention it would change how much each token weighs altogether.
   */
  mscale?: number | undefined
}

/** From the original length on, positions are multiplied by `originalLength / length`. */
export interface DynamicLinearScaling {
  /** Names the scaling. */
  type: 'dynamic-linear'
  /** Tokens of the texts that the model was trained on. */
  originalLength: number
}

/** From the original length on, NTK-aware with the factor `factor · length / originalLength − (factor − 1)`. */
export interface DynamicNtkScaling {
  /** Names the scaling. */
  type: 'dynamic-ntk'
  /** How fast the scaling grows with the length; at least 1. */
  factor: number
  /** Tokens of the texts that the model was trained on. */
  originalLength: number
}
