import { gpuBackend } from '../../engines/webgpu/active-backend.js'
import { gpuInfo } from '../../engines/webgpu/gpu-info.js'
import { expectMatMulChoices, type MatMulChoice } from '../mat-mul-choice.js'
import type { MatMulShape } from '../mat-mul-shape.js'
import { candidatesFor, candidatesKey } from './candidates.js'
import { mostParts, tunedDivisions } from './choose-division.js'
import { divisionProblem, keptPlans } from './gpu-mat-mul.js'
import { productKey } from './product.js'
import { type Division, tilingName } from './tiling.js'

/**
 * The choices that are in use on the active device: what {@link tuneMatMul} measured, what {@link useMatMulChoices} put
 * there. They are plain JSON.
 *
 * @returns one for each product that is not left to the rule
 * @throws SwatError `engine-unavailable` when another engine than webgpu is active
 */
export function matMulChoices(): MatMulChoice[] {
  gpuBackend('matMulChoices')
  return [...tunedDivisions().values()].map(({ choice }) => choice)
}

/**
 * Computes matrix products as chosen before, in place of all choices that are in use: `useMatMulChoices([])` leaves
 * everything to the rule again. What another device chose is passed over, and what names a tiling that this device or
 * this version does not have.
 *
 * @param choices - from {@link matMulChoices}, as they are or read from JSON
 * @param options - `ofOldLists`: take choices from a list of tilings that has changed since, as long as theirs is still
 * there: the same numbers as before, though another tiling may be faster now; default false
 * @returns those in use now
 * @throws SwatError `tuning` when something is no choice, `engine-unavailable` when another engine is active
 */
export function useMatMulChoices(
  choices: readonly MatMulChoice[],
  options: { ofOldLists?: boolean } = {},
): MatMulChoice[] {
  gpuBackend('useMatMulChoices')
  const { device } = gpuInfo()
  const tuned = tunedDivisions()
  tuned.clear()
  for (const choice of expectMatMulChoices('useMatMulChoices', choices)) {
    if (choice.device !== device || (choice.list !== candidatesKey && !options.ofOldLists)) continue
    const division = divisionOf(choice)
    if (division) tuned.set(productKey(choice.product), { division, choice })
  }
  keptPlans().clear()
  return matMulChoices()
}

function divisionOf({ product, tiling, parts }: MatMulChoice): Division | null {
  const candidate = candidatesFor(product, gpuInfo()).find((candidate) => tilingName(candidate.tiling) === tiling)
  if (!candidate || parts > mostParts) return null
  const division = { tiling: candidate.tiling, splits: parts }
  return divisionProblem(product, division) === null ? division : null
}

/**
 * The matrix products that the webgpu engine is asked for: what {@link tuneMatMul} can make faster.
 *
 * @param run - asks for them, for example by a training step; what it makes is its own to dispose of
 * @returns each once, without those of a single row or column, which are computed in one way only
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function matMulsIn(run: () => void): Required<MatMulShape>[] {
  gpuBackend('matMulsIn')
  keptPlans().clear()
  run()
  const products = new Map(
    [...keptPlans().values()]
      .filter(({ product: { m, n }, problem }) => problem === null && Math.min(m, n) > 1)
      .map(({ product }) => [productKey(product), product]),
  )
  return [...products.values()]
}
