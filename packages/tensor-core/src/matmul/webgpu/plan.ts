import { type Factor, factorsOf, type Product } from './product.js'
import { matrixShader } from './matrix-shader.js'
import { packShader, packThreads } from './pack-shader.js'
import { scalarShader } from './scalar-shader.js'
import { sumShader, sumThreads } from './sum-shader.js'
import { type Division, divisionName, type MatrixUnit } from './tiling.js'
import { vectorColumns, vectorShader } from './vector-shader.js'

/** Most workgroups along one axis of a dispatch. */
const mostWorkgroups = 65535

/** The part of a dispatch that does not depend on tensors. */
interface Dispatch {
  label: string
  source: string
  uniforms: ArrayBuffer
  workgroups: readonly [number, number, number]
}

/** A copy of a factor as f16, before the product. */
interface Packing extends Dispatch {
  /** Shape of the copy in 32-bit words. */
  shape: number[]
}

/** The dispatches of a product, worked out once for a shape. */
export interface Plan {
  /** Copies of the left and of the right factor as f16. */
  packings: readonly Packing[]
  /** The product, or its parts. */
  product: Dispatch
  /** Shape of the parts, which `sum` adds up; null where the product is whole. */
  partsShape: number[] | null
  /** Adds up the parts. */
  sum: Dispatch | null
}

/** Makes the text of a shader once for a key. */
export type KeepShader = (key: string, make: () => string) => string

/**
 * Works out the dispatches of a product.
 *
 * @param product - the product
 * @param division - how it is divided
 * @param scale - what the result is multiplied by
 * @param unit - the device's matrix unit, for tilings that use it
 * @param keepShader - makes the text of a shader once for a key
 */
export function planOf(
  product: Product,
  division: Division,
  scale: number,
  unit: MatrixUnit | null,
  keepShader: KeepShader,
): Plan {
  const { batches, m, n, k } = product
  const { tiling, splits } = division
  const { a, b } = factorsOf(product)
  const [rows, columns, step] =
    tiling.kind === 'vector' ? [1, vectorColumns(product), 4] : [tiling.rows, tiling.columns, tiling.depth]
  const [rowTiles, columnTiles] = [Math.ceil(m / rows), Math.ceil(n / columns)]
  const packed = tiling.kind === 'matrices' && tiling.packed
  const steps = Math.ceil(k / step)
  const partDepth = Math.ceil(steps / splits) * step
  const parts = Math.ceil(k / partDepth)
  const edges = m % rows !== 0 || n % columns !== 0 || k % step !== 0
  const scaled = scale !== 1
  const layout = `${a.rowMajor} ${a.vectors} ${b.rowMajor} ${b.vectors} ${n % 4 === 0} ${edges}`

  const shader = (): string => {
    const key = `matMul ${layout} ${JSON.stringify(tiling)}`
    switch (tiling.kind) {
      case 'vector':
        return keepShader(key, () => vectorShader(product))
      case 'scalar':
        return keepShader(key, () => scalarShader(product, tiling, edges))
      case 'matrices':
        if (!unit) throw new Error('matMul: a tiling for matrix units on a device without them.')
        return keepShader(`${key} ${scaled}`, () => matrixShader(product, tiling, unit, { edges, scaled }))
    }
  }

  const packing = (factor: Factor): Packing => {
    const padded = factor.name === 'a' ? rowTiles * rows : columnTiles * columns
    const depth = steps * step
    const sizes = factor.rowMajor ? [factor.rows, k, padded, depth] : [k, factor.rows, depth, padded]
    const words = (batches * sizes[2] * sizes[3]) / 2
    const vectors = sizes[1] % 8 === 0
    return {
      label: 'matMul pack',
      source: keepShader(`matMul pack ${vectors}`, () => packShader(vectors)),
      uniforms: Uint32Array.from([...sizes, batches]).buffer,
      workgroups: [Math.min(mostWorkgroups, Math.ceil(words / 4 / packThreads)), 1, 1],
      shape: [words],
    }
  }

  const size = batches * m * n
  return {
    packings: packed ? [packing(a), packing(b)] : [],
    product: {
      label: `matMul ${divisionName(division)}`,
      source: shader(),
      uniforms: problemUniforms({ m, n, k: packed ? steps * step : k, partDepth, rowTiles, columnTiles, parts, scale }),
      workgroups: [columnTiles, rowTiles, batches * parts],
    },
    partsShape: parts > 1 ? [parts, size] : null,
    sum:
      parts > 1
        ? {
            label: 'matMul sum',
            source: sumShader,
            uniforms: Uint32Array.of(size, parts).buffer,
            workgroups: [Math.min(mostWorkgroups, Math.ceil(size / sumThreads)), 1, 1],
          }
        : null,
  }
}

/** What is wrong with a plan on a device; null when it can run. */
export function planProblem({ product, packings, partsShape }: Plan, largestBinding: number): string | null {
  if (Math.max(...product.workgroups) > mostWorkgroups) {
    return `[${product.workgroups.join(', ')}] workgroups are more than a dispatch holds, ${mostWorkgroups} along an axis`
  }
  const shapes = [...packings.map(({ shape }) => shape), ...(partsShape ? [partsShape] : [])]
  const bytes = Math.max(0, ...shapes.map((shape) => 4 * shape.reduce((size, axis) => size * axis, 1)))
  return bytes > largestBinding ? `${bytes} bytes are more than the device binds, ${largestBinding}` : null
}

/** The uniform buffer, in the order of `Problem`. */
function problemUniforms(values: {
  m: number
  n: number
  k: number
  partDepth: number
  rowTiles: number
  columnTiles: number
  parts: number
  scale: number
}): ArrayBuffer {
  const { m, n, k, partDepth, rowTiles, columnTiles, parts, scale } = values
  const bytes = new DataView(new ArrayBuffer(32))
  ;[m, n, k, partDepth, rowTiles, columnTiles, parts].forEach((value, i) => bytes.setUint32(4 * i, value, true))
  bytes.setFloat32(28, scale, true)
  return bytes.buffer
}
