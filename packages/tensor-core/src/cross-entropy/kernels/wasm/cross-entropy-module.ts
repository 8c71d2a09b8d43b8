import { HeapModule } from '../../../engines/wasm/heap-module.js'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument but the factor is an address or a count. */
interface CrossEntropyExports {
  forward(logits: number, labels: number, rowWeights: number, out: number, rows: number, vocabSize: number): void
  backward(
    logits: number,
    labels: number,
    rowWeights: number,
    dLogits: number,
    rows: number,
    vocabSize: number,
    factor: number,
  ): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const crossEntropyModule = new HeapModule<CrossEntropyExports>(moduleBase64)
