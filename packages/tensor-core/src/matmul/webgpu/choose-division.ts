import { gpuInfo } from '../../engines/webgpu/gpu-info.js'
import { rememberOnDevice } from '../../engines/webgpu/remember-on-device.js'
import type { MatMulChoice } from '../mat-mul-choice.js'
import { type Candidate, candidatesFor } from './candidates.js'
import { type Product, productKey } from './product.js'
import type { Division } from './tiling.js'
import { vectorColumns } from './vector-shader.js'

/** What the rule supposes about a device: an H100's or H200's, as WebGPU does not tell. */
const supposed = {
  /** Its processors, on each of which one or a few workgroups run. */
  units: 132,
  /** Bytes a second. */
  bandwidth: 4e12,
  /** How many times longer than its bytes take a workgroup does not multiply at its start and its end. */
  storeCost: 4,
  /** Seconds that a dispatch costs. */
  dispatch: 3e-6,
}

/** Least length of a part of the inner products, and most parts. */
const leastPart = 256
export const mostParts = 16

/** A division that was measured to be the best, and that choice in words. */
export interface TunedDivision {
  division: Division
  choice: MatMulChoice
}

/** The divisions that were measured to be best on the active device, by product. */
export function tunedDivisions(): Map<string, TunedDivision> {
  return rememberOnDevice('matMul tuned divisions', () => new Map<string, TunedDivision>())
}

/**
 * How a product is divided on the active device: as it was tuned, else by a rule that depends on the shape alone.
 *
 * @param product - the product
 */
export function divisionFor(product: Product): Division {
  return tunedDivisions().get(productKey(product))?.division ?? ruledDivision(product)
}

/**
 * The division that the rule gives: the one with the least expected time.
 *
 * @param product - the product
 */
export function ruledDivision(product: Product): Division {
  if (product.m === 1) return { tiling: { kind: 'vector' }, splits: vectorSplits(product) }
  const divisions = dividedCandidates(product, candidatesFor(product, gpuInfo()))
  return divisions.reduce((best, division) => (division.seconds < best.seconds ? division : best))
}

/**
 * Candidates with the numbers of parts that make sense, and the time that each is expected to take.
 *
 * @param product - the product
 * @param candidates - tilings
 */
export function dividedCandidates(
  product: Product,
  candidates: readonly Candidate[],
): (Division & { seconds: number })[] {
  const { batches, m, n, k } = product
  return candidates.flatMap(({ tiling, rate, perUnit }) => {
    const places = supposed.units * perUnit
    const tiles = batches * Math.ceil(m / tiling.rows) * Math.ceil(n / tiling.columns)
    const packed = tiling.kind === 'matrices' && tiling.packed
    const packing = packed ? (batches * 6 * (m * k + k * n)) / supposed.bandwidth + 2 * supposed.dispatch : 0
    return partCounts(k, tiles, places).map((splits) => {
      const rounds = Math.ceil((tiles * splits) / places)
      const depth = Math.ceil(k / splits / tiling.depth) * tiling.depth
      const size = places * tiling.rows * tiling.columns // of the results of a round
      const products = (rounds * 2 * size * depth) / (rate * 1e12)
      const stores = (rounds * supposed.storeCost * 4 * size) / supposed.bandwidth / perUnit
      const sums = splits > 1 ? (4 * (2 * splits + 1) * batches * m * n) / supposed.bandwidth + supposed.dispatch : 0
      return { tiling, splits, seconds: supposed.dispatch + products + stores + sums + packing }
    })
  })
}

/** Powers of two, up to where the device is full or the parts get short. */
function partCounts(k: number, tiles: number, places: number): number[] {
  const counts = [1]
  for (let count = 2; count <= mostParts && k / count >= leastPart && tiles * count <= 2 * places; count *= 2) {
    counts.push(count)
  }
  return counts
}

function vectorSplits(product: Product): number {
  const { batches, n, k, transposeB } = product
  if (transposeB) return 1 // many workgroups as it is
  const workgroups = batches * Math.ceil(n / vectorColumns(product))
  return Math.max(...partCounts(k, workgroups, supposed.units))
}
