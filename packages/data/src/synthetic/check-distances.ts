import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'

/** Throws a {@link DataError} unless there is a distance, and each is a whole number from `least` to `most`. */
export function checkDistances(distances: readonly number[], least: number, most: number): void {
  if (distances.length === 0) {
    throw new DataError('invalid-argument', 'syntheticTask: distances must hold one at least, but is empty.')
  }
  for (const distance of distances) checkInteger('syntheticTask', 'a distance', distance, least, most)
}
