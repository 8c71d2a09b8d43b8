import { HeapModule } from '../../../engines/wasm/heap-module.js'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports: addresses, a count, numbers. */
interface AdamWExports {
  update(
    parameter: number,
    gradient: number,
    firstMoment: number,
    secondMoment: number,
    newParameter: number,
    newFirstMoment: number,
    newSecondMoment: number,
    size: number,
    gradientScale: number,
    decay: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    stepSize: number,
    epsilon: number,
  ): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const adamWModule = new HeapModule<AdamWExports>(moduleBase64)
