import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import { recordTape, releaseNode, releaseTape, withTapeOff, type TapeNode } from './tape.js'

/** Options of {@link backpropagate}. */
export interface BackpropagateOptions {
  /** Gradient of the value, of its shape; default ones. It stays the caller's. */
  valueGradient?: tf.Tensor
  /**
   * Takes each gradient as soon as it is complete, while the pass goes on: what it gets is its own to dispose, and what
   * it returns stands in the result in its place.
   */
  onGradient?: (gradient: tf.Tensor, index: number) => tf.Tensor
}

/**
 * Reverse-mode differentiation that frees as it goes: what an op keeps, and the gradient of its output, go as soon as
 * the gradients of its inputs are known. TensorFlow.js's own pass holds both to its end, twice to three times the
 * memory. It may run inside the gradient of another op.
 *
 * @param f - computes the value; its intermediates are freed
 * @param inputs - where to differentiate; they stay the caller's
 * @param options - see {@link BackpropagateOptions}
 * @returns the value, and for each input its gradient, or null where the value does not depend on it; all are the
 * caller's to dispose. What `f` throws passes through, and nothing leaks.
 */
export function backpropagate(
  f: () => tf.Tensor,
  inputs: readonly tf.Tensor[],
  options: BackpropagateOptions = {},
): {
  /** What `f` computed. */
  value: tf.Tensor
  /** One for each input, in their order. */
  gradients: (tf.Tensor | null)[]
} {
  const engine = tf.engine()
  engine.startScope('backpropagate')
  let kept: tf.Tensor[] = []
  try {
    const { value, tape } = recordTape(f)
    const gradients = withTapeOff(() => walkBack(value, tape, inputs, options))
    kept = [value, ...gradients.filter((gradient) => gradient !== null)]
    return { value, gradients }
  } finally {
    engine.endScope(kept)
  }
}

function walkBack(
  value: tf.Tensor,
  tape: readonly TapeNode[],
  inputs: readonly tf.Tensor[],
  { valueGradient, onGradient = (gradient) => gradient }: BackpropagateOptions,
): (tf.Tensor | null)[] {
  const { path, needed } = pathBetween(value, tape, inputs)
  const firstUse = firstUses(path, inputs)
  const open = new Gradients()
  open.add(value, valueGradient ? valueGradient.clone() : tf.onesLike(value))
  const found = new Map<number, tf.Tensor>() // by id of the input
  const take = (input: tf.Tensor) => {
    const gradient = open.take(input)
    if (gradient) found.set(input.id, onGradient(gradient, inputs.indexOf(input)))
  }
  const unvisited = [...tape]
  try {
    for (let node = unvisited.pop(); node; node = unvisited.pop()) {
      try {
        if (path.has(node)) for (const [input, gradient] of propagate(node, needed, open)) open.add(input, gradient)
      } finally {
        releaseNode(node)
      }
      for (const input of firstUse.get(node) ?? []) take(input)
    }
    for (const input of inputs) if (!found.has(input.id)) take(input)
    return inputs.map(({ id }) => found.get(id) ?? null)
  } finally {
    releaseTape(unvisited)
    open.dispose()
  }
}

/** The ops through which the inputs reach the value, in the order of the tape, and the tensors that need gradients. */
function pathBetween(
  value: tf.Tensor,
  tape: readonly TapeNode[],
  inputs: readonly tf.Tensor[],
): { path: ReadonlySet<TapeNode>; needed: ReadonlySet<number> } {
  const needed = new Set(inputs.map(({ id }) => id))
  const reached = tape.filter((node) => {
    const isReached = Object.values(node.inputs).some(({ id }) => needed.has(id))
    if (isReached) for (const { id } of node.outputs) needed.add(id)
    return isReached
  })
  const towardsValue = new Set([value.id])
  const path = reached.reverse().filter((node) => {
    const leadsThere = node.outputs.some(({ id }) => towardsValue.has(id))
    if (leadsThere) for (const { id } of Object.values(node.inputs)) towardsValue.add(id)
    return leadsThere
  })
  return { path: new Set(path.reverse()), needed }
}

/** After which op of the backward pass the gradient of an input is complete: the first that reads it. */
function firstUses(path: ReadonlySet<TapeNode>, inputs: readonly tf.Tensor[]): Map<TapeNode, tf.Tensor[]> {
  const waiting = new Map(inputs.map((input) => [input.id, input]))
  const uses = new Map<TapeNode, tf.Tensor[]>()
  for (const node of path) {
    for (const { id } of Object.values(node.inputs)) {
      const input = waiting.get(id)
      if (!input) continue
      waiting.delete(id)
      uses.set(node, [...(uses.get(node) ?? []), input])
    }
  }
  return uses
}

/** The gradients that a node brings to its inputs, each with the input; consumes those of its outputs. */
function propagate(node: TapeNode, needed: ReadonlySet<number>, open: Gradients): [tf.Tensor, tf.Tensor][] {
  const engine = tf.engine()
  const outputGradients = node.outputs.map((output) => open.take(output))
  let made: [tf.Tensor, tf.Tensor][] = []
  engine.startScope(node.kernelName)
  try {
    made = inputGradients(node, needed, outputGradients)
    return made
  } finally {
    engine.endScope(made.map(([, gradient]) => gradient))
    for (const gradient of outputGradients) gradient?.dispose()
  }
}

function inputGradients(
  node: TapeNode,
  needed: ReadonlySet<number>,
  outputGradients: (tf.Tensor | null)[],
): [tf.Tensor, tf.Tensor][] {
  if (!node.gradient) {
    throw new SwatError(
      'no-gradient',
      `backpropagate: TensorFlow.js has no gradient for ${node.kernelName}. Keep that op away from the value.`,
    )
  }
  const compute = node.gradient(outputGradients)
  const owned = new Set<tf.Tensor | null>(outputGradients) // an op may return one of these, or one tensor for two inputs
  return Object.entries(node.inputs)
    .filter(([, { id }]) => needed.has(id))
    .map(([name, input]) => {
      const gradient = compute[name]()
      const own = owned.has(gradient) ? gradient.clone() : gradient
      owned.add(own)
      return [input, own]
    })
}

/** Gradients that are not complete yet, by the id of their tensor. */
class Gradients {
  readonly #byId = new Map<number, tf.Tensor>()

  /** Consumes the gradient. */
  add({ id }: tf.Tensor, gradient: tf.Tensor): void {
    const before = this.#byId.get(id)
    this.#byId.set(id, before ? tf.add(before, gradient) : gradient)
    if (!before) return
    before.dispose()
    gradient.dispose()
  }

  take({ id }: tf.Tensor): tf.Tensor | null {
    const gradient = this.#byId.get(id) ?? null
    this.#byId.delete(id)
    return gradient
  }

  dispose(): void {
    for (const gradient of this.#byId.values()) gradient.dispose()
    this.#byId.clear()
  }
}
