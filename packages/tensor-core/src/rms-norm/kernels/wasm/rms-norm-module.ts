import { HeapModule } from '../../../engines/wasm/heap-module.js'
import { moduleBase64 } from './module.generated.js'

/** What `assembly/module.ts` exports; every argument but epsilon is an address or a count. */
interface RmsNormExports {
  forward(x: number, weight: number, y: number, rows: number, size: number, epsilon: number): void
  backward(
    x: number,
    weight: number,
    dy: number,
    dx: number,
    groups: number,
    rows: number,
    size: number,
    epsilon: number,
  ): void
  groupRows(): number
  addGroups(groups: number, count: number, dWeight: number, size: number): void
}

/** The compiled kernel, ready for the memory of any wasm backend. */
export const rmsNormModule = new HeapModule<RmsNormExports>(moduleBase64)
