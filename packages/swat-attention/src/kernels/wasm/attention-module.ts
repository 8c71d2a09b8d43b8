import { HeapModule } from '@swat-js/tensor-core'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument is an address or a count. */
export interface AttentionExports {
  /** Bytes of working memory for a head size. */
  scratchBytes(headDim: number): number
  /** Writes the output of `count` of a problem's `batchSize · heads` heads. */
  forward(problem: number, first: number, count: number, scratch: number): void
  /** Writes the gradients of `count` of a problem's `batchSize · kvHeads` key heads and of what shares them. */
  backward(problem: number, first: number, count: number, scratch: number): void
  /** Replaces numbers ≤ 0 by their exponentials; `count` is a multiple of 4. */
  exponential(numbers: number, count: number): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const attentionModule = new HeapModule<AttentionExports>(moduleBase64)
