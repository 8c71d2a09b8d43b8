/** A pair of neighbours and the token that takes their place. */
export interface Merge {
  left: number
  right: number
  merged: number
}

/** A function that gives the place of a pair of ids in the list of merges, or −1. */
export function mergeRanks(merges: readonly Merge[]): (left: number, right: number) => number {
  let length = 16
  while (length < 4 * merges.length) length *= 2
  const ranks = new Int32Array(length).fill(-1)
  const lefts = new Int32Array(length)
  const rights = new Int32Array(length)
  const mask = length - 1
  const slotOf = (left: number, right: number): number => {
    let slot = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b)
    slot = (slot ^ (slot >>> 15)) & mask
    while (ranks[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask
    return slot
  }
  for (const [rank, { left, right }] of merges.entries()) {
    const slot = slotOf(left, right)
    lefts[slot] = left
    rights[slot] = right
    ranks[slot] = rank // of a pair that is there twice the last, as in the Python package
  }
  return (left, right) => ranks[slotOf(left, right)]!
}
