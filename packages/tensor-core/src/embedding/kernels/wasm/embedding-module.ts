import { HeapModule } from '../../../engines/wasm/heap-module.js'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument is an address or a count. */
interface EmbeddingExports {
  forward(ids: number, weight: number, out: number, rows: number, hiddenSize: number): void
  backward(ids: number, dOut: number, dWeight: number, rows: number, hiddenSize: number): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const embeddingModule = new HeapModule<EmbeddingExports>(moduleBase64)
