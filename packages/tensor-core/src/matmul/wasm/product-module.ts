import { HeapModule } from '../../engines/wasm/heap-module.js'
import { moduleBase64, relaxedModuleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument is an address, a count or a flag, 0 or 1. */
export interface ProductExports {
  /** Bytes of working memory for a product of `[m, k]` and `[k, n]`. */
  scratchBytes(m: number, n: number, k: number): number
  /** Writes rows and columns, whole tiles of 8 or to the end, of `batches` products that lie one after the other. */
  product(
    a: number,
    b: number,
    c: number,
    batches: number,
    m: number,
    n: number,
    k: number,
    transposeA: number,
    transposeB: number,
    firstRow: number,
    endRow: number,
    firstColumn: number,
    endColumn: number,
    scratch: number,
  ): void
}

/** The compiled matrix product, ready for the memory of any wasm backend. */
export const productModule = new HeapModule<ProductExports>(relaxedModuleBase64, moduleBase64)
