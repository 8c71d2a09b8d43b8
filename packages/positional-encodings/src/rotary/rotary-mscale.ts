/**
 * The temperature of YaRN (arXiv 2309.00071, Eq. 22; spec 2): what queries and keys are multiplied by so that softmax
 * stays as sharp over a longer text.
 *
 * @param factor - how many times longer texts become
 * @returns `0.1 · ln(factor) + 1`; 1 where nothing becomes longer
 */
export function rotaryMscale(factor: number): number {
  return factor > 1 ? 0.1 * Math.log(factor) + 1 : 1
}
