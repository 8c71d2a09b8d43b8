import { closestWord } from './closest-word.js'

/**
 * Says that a key is unknown, and which one was probably meant.
 *
 * @param key - what was written
 * @param known - what may be written in its place
 */
export function describeUnknownKey(key: string, known: readonly string[]): string {
  const meant = closestWord(key, known)
  return `unknown key '${key}'; ${meant ? `did you mean '${meant}'?` : `known are ${known.join(', ')}`}`
}
