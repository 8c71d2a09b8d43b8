/**
 * Files that hold weights as Python pickles. What a training leaves beside them – the state of the optimizer, of the
 * schedule, of the random numbers, its arguments – is not weights.
 *
 * @param names - names of the files of a folder
 * @returns those with weights, in order; those that transformers names so where there are any
 */
export function pickledWeights(names: readonly string[]): string[] {
  const pickled = names
    .filter((name) => /^[\w.-]+\.(bin|pt|pth)$/.test(name))
    .filter((name) => !/^(optimizer|scheduler|scaler|rng_state|training_args)\b|^rng_state_/.test(name))
    .sort()
  const official = pickled.filter((name) => /^pytorch_model(-\d+-of-\d+)?\.bin$/.test(name))
  return official.length > 0 ? official : pickled.slice(0, 1)
}
