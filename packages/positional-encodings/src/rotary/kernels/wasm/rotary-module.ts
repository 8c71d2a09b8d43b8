import { HeapModule } from '@swat-js/tensor-core'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports: addresses, counts, a flag that is 0 or 1, and the direction. */
interface RotaryExports {
  rotate(
    x: number,
    cos: number,
    sin: number,
    y: number,
    batch: number,
    length: number,
    heads: number,
    pairs: number,
    interleaved: number,
    direction: number,
  ): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const rotaryModule = new HeapModule<RotaryExports>(moduleBase64)
