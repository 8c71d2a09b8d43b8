/** Largest errors that are accepted of outputs and of gradients, relative to the largest magnitude of a tensor. */
export const tolerances = {
  float32: { output: 2e-6, gradients: 1e-5 },
  mixed: { output: 5e-3, gradients: 5e-3 },
} as const
