import type { MatMulChoice } from '../mat-mul-choice.js'
import { type MatMulShape, productFrom } from '../mat-mul-shape.js'
import { candidatesKey } from '../webgpu/candidates.js'
import { matMulChoices, useMatMulChoices } from '../webgpu/mat-mul-choices.js'
import { productKey } from '../webgpu/product.js'
import { tuneMatMul } from '../webgpu/tune-mat-mul.js'
import { keepMatMulChoices, readMatMulChoices } from './kept-mat-mul-choices.js'

/**
 * Tunes the active device for some products as `tuneMatMul` does, but measures only those that neither are in use nor
 * have a choice in a file, and keeps what it measured in that file.
 *
 * @param shapes - the products
 * @param file - as {@link readMatMulChoices} describes it, for example {@link matMulChoicesFile}`()`
 * @param options - `report`: is told how far the work is; what it throws ends it
 * @returns the choices for these products, those from the file among them
 * @throws what `tuneMatMul`, {@link readMatMulChoices} and {@link keepMatMulChoices} throw
 */
export async function tuneMatMulOnce(
  shapes: readonly MatMulShape[],
  file: string,
  options: { report?: (progress: { done: number; total: number }) => void } = {},
): Promise<MatMulChoice[]> {
  const wanted = new Map(shapes.map((shape) => [keyOf(shape), shape]))
  const isWanted = ({ product }: MatMulChoice) => wanted.has(keyOf(product))
  const known = (await readMatMulChoices(file)).filter((choice) => isWanted(choice) && choice.list === candidatesKey)
  const inUse = useMatMulChoices([...known, ...matMulChoices()], { ofOldLists: true })
  const chosen = new Set(inUse.map(({ product }) => keyOf(product)))
  const missing = [...wanted].filter(([key]) => !chosen.has(key)).map(([, shape]) => shape)
  const measured = (await tuneMatMul(missing, options)).flatMap(({ choice }) => choice ?? [])
  if (measured.length > 0) await keepMatMulChoices(file, measured)
  return matMulChoices().filter(isWanted)
}

function keyOf(shape: MatMulShape): string {
  return productKey(productFrom(shape))
}
