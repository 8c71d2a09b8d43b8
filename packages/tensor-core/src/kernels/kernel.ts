import type { BackendName } from '../engines/engine.js'
import { tf } from '../tf.js'

/** A kernel is named for its backend; `composite` uses TensorFlow.js ops only and runs on every backend. */
export type KernelName = BackendName | 'composite'

/** A kernel's answer to a request: yes, or no with the reason. */
export type Support =
  | {
      /** The kernel runs this request. */
      supported: true
    }
  | {
      /** The kernel does not run this request. */
      supported: false
      /** Why not, as the end of a sentence: "it is written for …". */
      reason: string
    }

/**
 * The arithmetic that is permitted: `float32`, or `mixed`, in which factors of products may be rounded to float16 while
 * sums, inputs and outputs stay float32. Kernels without such units compute in float32 either way.
 */
export type Precision = 'float32' | 'mixed'

/** What every op tells its kernels about a call; ops add shapes and options. */
export interface KernelRequest {
  /** The TensorFlow.js backend that is active. */
  backend: string
  /** The arithmetic that is permitted. */
  precision: Precision
}

/** One implementation of an op. */
export interface Kernel<Request extends KernelRequest> {
  /** Which kernel this is. */
  readonly name: KernelName
  /** Cheap, deterministic, free of side effects; never throws. */
  supports(request: Request): Support
}

/** A kernel that declined a request. */
export interface KernelRefusal {
  /** The kernel that declined. */
  kernel: KernelName
  /** Why. */
  reason: string
}

/** The record of one choice. */
export interface KernelChoice {
  /** The op, for example `rmsNorm`. */
  op: string
  /** The kernel that runs. */
  kernel: KernelName
  /** Kernels that were asked first and declined. */
  refused: KernelRefusal[]
}

/** How kernels are chosen; every op takes one as `kernels`, layers and models hand it on. */
export interface KernelPolicy {
  /** Run this kernel or fail; without it the backend's own kernel, then the composite, then the reference. */
  use?: KernelName
  /** Fail instead of falling back when the backend's own kernel declines. */
  strict?: boolean
  /** The arithmetic that is permitted; default `float32`. */
  precision?: Precision
  /** Called with each choice, for logs and explanations. */
  onChoice?: (choice: KernelChoice) => void
}

/**
 * What every op tells its kernels, from the active backend and the policy.
 *
 * @param policy - of the call
 * @returns the common part of a request
 */
export function kernelRequest(policy: KernelPolicy = {}): KernelRequest {
  return { backend: tf.getBackend(), precision: policy.precision ?? 'float32' }
}

/** The answer of a kernel that runs on any request. */
export const supported: Support = { supported: true }

/**
 * The answer of a kernel that is written for one backend.
 *
 * @param request - the request
 * @param backend - the backend the kernel is written for
 * @returns supported on that backend, else the reason
 */
export function supportedOn(request: KernelRequest, backend: BackendName): Support {
  if (request.backend === backend) return supported
  return { supported: false, reason: `it is written for the ${backend} backend and '${request.backend}' is active` }
}
