import { adamWUpdate } from '../adamw/adamw.js'
import type { AdamWOutputs } from '../adamw/contract.js'
import { expectShape } from '../expect-shape.js'
import type { KernelPolicy } from '../kernels/kernel.js'
import { flattenParameters, mapParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'

/** Settings of {@link adamW}. */
export interface AdamWSettings {
  /** Decay of the first moment, the running mean of the gradient; default 0.9. */
  beta1?: number
  /** Decay of the second moment, the running mean of the squared gradient; default 0.95. */
  beta2?: number
  /** Added to the root of the second moment; default 1e-8. */
  epsilon?: number
  /** Decoupled weight decay, in units of the learning rate; default 0. */
  weightDecay?: number
  /** Which parameters decay; by default matrices, that is every tensor of rank 2 or more. */
  decays?: (name: string, tensor: tf.Tensor) => boolean
  /** Which kernel updates a parameter. */
  kernels?: KernelPolicy
}

/** What AdamW remembers between updates. */
export interface AdamWState {
  /** Updates done. */
  step: number
  /** Running mean of the gradients, nested like the parameters. */
  firstMoments: ParameterTree
  /** Running mean of the squared gradients, nested like the parameters. */
  secondMoments: ParameterTree
}

/** An optimizer: a pair of functions; its state is a value. */
export interface Optimizer {
  /**
   * The state before the first update.
   *
   * @param parameters - they stay the caller's
   * @returns moments of zero
   */
  init(parameters: ParameterTree): AdamWState
  /**
   * One update. Consumes `parameters` and `state`: use only what is returned. Gradients stay the caller's.
   *
   * @param gradients - nested like the parameters
   * @param state - of the previous update or `init`
   * @param parameters - what to update
   * @param learningRate - of this update
   * @param gradientScale - factor of the gradients, a tensor so that nobody waits for it; where it is not finite or 0
   *   the update counts as a step but changes nothing. Default 1
   * @returns updated parameters and state
   * @throws SwatError `optimizer` when names differ, `shape` when shapes differ, before anything is consumed
   */
  update<Tree extends ParameterTree>(
    gradients: Tree,
    state: AdamWState,
    parameters: Tree,
    learningRate: number,
    gradientScale?: tf.Scalar | null,
  ): {
    /** The updated parameters. */
    parameters: Tree
    /** The state for the next update. */
    state: AdamWState
  }
}

/**
 * AdamW (Loshchilov and Hutter), with PyTorch's semantics and the paper's betas (spec 5.1, 5.2): decoupled decay,
 * epsilon outside the root.
 *
 * @param settings - see {@link AdamWSettings}
 * @returns the optimizer
 */
export function adamW(settings: AdamWSettings = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0, kernels } = settings
  const decays = settings.decays ?? ((_, tensor) => tensor.rank >= 2)

  return {
    init: (parameters) => ({
      step: 0,
      firstMoments: mapParameters(parameters, (tensor) => tf.zerosLike(tensor)) as ParameterTree,
      secondMoments: mapParameters(parameters, (tensor) => tf.zerosLike(tensor)) as ParameterTree,
    }),

    update(gradients, state, parameters, learningRate, gradientScale = null) {
      const flat = flattenParameters(parameters)
      const gradientOf = lookup('gradients', gradients, flat)
      const firstMomentOf = lookup('state.firstMoments', state.firstMoments, flat)
      const secondMomentOf = lookup('state.secondMoments', state.secondMoments, flat)
      const step = state.step + 1
      const outputs = adamWUpdate(
        [...flat].map(([name, parameter]) => ({
          parameter,
          gradient: gradientOf(name),
          firstMoment: firstMomentOf(name),
          secondMoment: secondMomentOf(name),
          weightDecay: decays(name, parameter) ? weightDecay : 0,
        })),
        { gradientScale, learningRate, beta1, beta2, epsilon, step },
        kernels,
      )
      const updated = new Map([...flat.keys()].map((name, i) => [name, outputs[i]]))
      const collect = (part: keyof AdamWOutputs) =>
        mapParameters(parameters, (_, name) => (updated.get(name) as AdamWOutputs)[part]) as typeof parameters
      return {
        parameters: collect('parameter'),
        state: { step, firstMoments: collect('firstMoment'), secondMoments: collect('secondMoment') },
      }
    },
  }
}

/** Access by name to a tree that must have exactly the parameters' names and shapes. */
function lookup(
  what: string,
  tree: ParameterTree,
  parameters: ReadonlyMap<string, tf.Tensor>,
): (name: string) => tf.Tensor {
  const flat = flattenParameters(tree)
  const missing = [...parameters.keys()].filter((name) => !flat.has(name))
  const extra = [...flat.keys()].filter((name) => !parameters.has(name))
  if (missing.length > 0 || extra.length > 0) {
    throw new SwatError(
      'optimizer',
      `adamW: ${what} must have the names of the parameters; missing: ${missing.join(', ') || 'none'}; ` +
        `unknown: ${extra.join(', ') || 'none'}. Start from init(parameters) when the parameters change.`,
    )
  }
  for (const [name, { shape }] of parameters)
    expectShape('adamW', `${what}.${name}`, flat.get(name) as tf.Tensor, shape)
  return (name) => flat.get(name) as tf.Tensor
}
