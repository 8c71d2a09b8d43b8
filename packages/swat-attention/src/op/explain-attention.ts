import { chooseKernel, type KernelName, type KernelPolicy, type Precision, SwatError } from '@swat-js/tensor-core'
import { expectInteger } from '../expect-integer.js'
import { kernels } from '../kernels/index.js'
import { attentionRequest } from './attention-request.js'
import { checkHeads, checkReach } from './check-inputs.js'
import type { AttentionActivation, AttentionTerm, SwatAttentionRequest } from './contract.js'

/** A call of `swatAttention` by its sizes, for {@link explainAttention}. */
export interface AttentionCall {
  /** Number of sequences; default 1. */
  batch?: number
  /** Number of queries a sequence. */
  queries: number
  /** Number of keys a sequence; default as many as queries. */
  keys?: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads; default `heads`. */
  kvHeads?: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Default `sigmoid`. */
  activation?: AttentionActivation
  /** Number of first keys that stay visible; default 0. */
  sinks?: number
  /** Which optional terms the call gives; default none. */
  terms?: readonly AttentionTerm[]
  /** Whether the call gives segment ids; default false. */
  segments?: boolean
  /** Which kernel may run, and in which precision. */
  kernels?: KernelPolicy
}

/** Why one of the other kernels does not run a call. */
export interface KernelVerdict {
  /** The kernel. */
  kernel: KernelName
  /** Whether it could run the call. */
  supported: boolean
  /** Why it does not, as the end of a sentence. */
  reason: string
}

/** Which kernel runs a call, and why no other does. */
export interface AttentionExplanation {
  /** The TensorFlow.js backend that is active. */
  backend: string
  /** The arithmetic that the call permits. */
  precision: Precision
  /** The kernel that runs; null where the policy leaves none. */
  kernel: KernelName | null
  /** Every other kernel. */
  others: readonly KernelVerdict[]
  /** All of it in words, a line for the call and one for each kernel. */
  toString(): string
}

/**
 * Says which kernel `swatAttention` would run on the active engine, and why each other would not, without running
 * anything. Select the engine first (`useEngine`): what a kernel can do depends on the device that started.
 *
 * @param call - sizes and options of the call
 * @returns the explanation; `String(explanation)` is meant for reading
 * @throws SwatError `attention` or `shape` when the sizes make no sense
 */
export function explainAttention(call: AttentionCall): AttentionExplanation {
  const request = requestOf(call)
  const policy: KernelPolicy = { ...call.kernels, onChoice: undefined }
  const chosen = choose(request, policy)
  const others = kernels
    .filter(({ name }) => name !== chosen)
    .map((kernel): KernelVerdict => {
      const answer = kernel.supports(request)
      return answer.supported
        ? { kernel: kernel.name, supported: true, reason: whyNotNeeded(chosen, policy) }
        : { kernel: kernel.name, ...answer }
    })
  const { backend, precision } = request
  return { backend, precision, kernel: chosen, others, toString: () => inWords(request, chosen, others) }
}

function requestOf(call: AttentionCall): SwatAttentionRequest {
  const { batch = 1, queries, keys = queries, heads, kvHeads = heads, headDim, terms = [], segments = false } = call
  for (const [name, value] of Object.entries({ batch, queries, keys, heads, kvHeads, headDim })) {
    expectInteger('explainAttention', name, value, 1, 'Take it from the shapes of queries and keys.')
  }
  checkHeads('explainAttention', heads, kvHeads)
  checkReach('explainAttention', call)
  return attentionRequest({ batchSize: batch, queries, keys, heads, kvHeads, headDim }, call, { terms, segments })
}

function choose(request: SwatAttentionRequest, policy: KernelPolicy): KernelName | null {
  try {
    return chooseKernel('swatAttention', kernels, request, policy).name
  } catch (error) {
    if (error instanceof SwatError && error.code === 'kernel-refused') return null
    throw error
  }
}

function whyNotNeeded(chosen: KernelName | null, { use }: KernelPolicy): string {
  if (use) return `kernels.use asks for '${use}'`
  return chosen ? `'${chosen}' is preferred` : 'kernels.strict forbids to fall back to it'
}

function inWords(request: SwatAttentionRequest, chosen: KernelName | null, others: readonly KernelVerdict[]): string {
  const { backend, precision, batchSize, queries, keys, heads, kvHeads, headDim, window, activation, sinks } = request
  const reach = `${window === null ? 'every earlier key' : `window ${window}`}${sinks > 0 ? `, ${sinks} sinks` : ''}`
  const extras = [...request.terms, ...(request.segments ? ['segments'] : [])].map((extra) => `, ${extra}`).join('')
  const lines = [
    `swatAttention on ${backend}, ${precision}: queries [${batchSize}, ${queries}, ${heads}, ${headDim}], ` +
      `keys [${batchSize}, ${keys}, ${kvHeads}, ${headDim}], ${reach}, ${activation}${extras}`,
    chosen ? `  ${chosen} runs` : '  no kernel runs',
    ...others.map(({ kernel, supported, reason }) =>
      supported ? `  ${kernel} could run, but ${reason}` : `  ${kernel} cannot run: ${reason}`,
    ),
  ]
  return lines.join('\n')
}
