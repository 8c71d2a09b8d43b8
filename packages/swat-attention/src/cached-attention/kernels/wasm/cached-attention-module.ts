import { HeapModule } from '@swat-js/tensor-core'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument is an address or a count. */
export interface CachedAttentionExports {
  /** Bytes of working memory for a head size. */
  scratchBytes(headDim: number): number
  /** Writes the output of a problem, then the new keys and values to the past. */
  attend(problem: number, scratch: number): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const cachedAttentionModule = new HeapModule<CachedAttentionExports>(moduleBase64)
