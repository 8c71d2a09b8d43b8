import type { LengthSummary } from './data-inspection.js'

/** Sums up lengths, one after the other, in constant memory. */
export function lengthCounter(): { add(length: number): void; summary(): LengthSummary } {
  const counts: number[] = [] // by the number of binary digits: 0, 1, 2–3, 4–7, …
  let [least, most, total, documents] = [Infinity, 0, 0, 0]
  return {
    add(length) {
      least = Math.min(least, length)
      most = Math.max(most, length)
      total += length
      documents++
      const digits = length === 0 ? 0 : length.toString(2).length
      counts[digits] = (counts[digits] ?? 0) + 1
    },
    summary() {
      if (documents === 0) return { least: 0, mean: 0, most: 0, bins: [] }
      const first = counts.findIndex((count) => count > 0)
      const bins = Array.from({ length: counts.length - first }, (_, index) => {
        const digits = first + index
        const [from, to] = digits === 0 ? [0, 0] : [2 ** (digits - 1), 2 ** digits - 1]
        return { from, to, documents: counts[digits] ?? 0 }
      })
      return { least, mean: total / documents, most, bins }
    },
  }
}
