import { HeapModule } from '../../../engines/wasm/heap-module.js'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument is an address or a count. */
interface SwiGluExports {
  forward(gate: number, up: number, out: number, size: number): void
  backward(gate: number, up: number, dOut: number, dGate: number, dUp: number, size: number): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const swiGluModule = new HeapModule<SwiGluExports>(moduleBase64)
