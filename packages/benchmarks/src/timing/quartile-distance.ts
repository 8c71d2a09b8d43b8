/**
 * Distance between the first and the third quartile, values between two numbers interpolated.
 *
 * @param values - at least one number
 * @returns the distance, 0 for a single number
 */
export function quartileDistance(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place - Math.floor(place))
  }
  return at(0.75) - at(0.25)
}
