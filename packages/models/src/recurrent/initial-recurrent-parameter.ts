import type { Random } from '@swat-js/tensor-core'
import type { RecurrentType } from './recurrent-settings.js'

/** Range of the time steps at the start, in the official layers. */
const timeSteps = { smallest: 1e-3, largest: 1e-1 }

/** Rates of decay are drawn evenly from here up to the second number. */
const rates = { mamba2: [1, 16], 'gated-deltanet': [0, 16] } as const

/**
 * Initial values of one parameter as the official models draw them: matrices and convolutions from N(0, `initStd`²),
 * norms and `D` 1, biases 0; `A_log` the logarithm of a rate from U(1, 16), in Gated DeltaNet U(0, 16); `dt_bias` such
 * that the softplus of it is a time step drawn evenly, by its logarithm, from 0.001 to 0.1.
 *
 * @param type - the layer
 * @param name - of the parameter within the layer, as `recurrentParameterShapes` has it
 * @param shape - of the parameter
 * @param random - source of randomness
 * @param initStd - standard deviation of matrices
 * @returns the values, row-major
 */
export function initialRecurrentParameter(
  type: RecurrentType,
  name: string,
  shape: readonly number[],
  random: Random,
  initStd: number,
): Float32Array {
  const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1))
  if (name === 'A_log') {
    const [lowest, highest] = type === 'mamba2' ? rates.mamba2 : rates['gated-deltanet']
    return data.map(() => Math.log(lowest + (highest - lowest) * (1 - random.next()))) // never the logarithm of 0
  }
  if (name === 'dt_bias') {
    const { smallest, largest } = timeSteps
    return data.map(() => inverseSoftplus(smallest * (largest / smallest) ** random.next()))
  }
  if (name === 'D') return data.fill(1)
  if (name.endsWith('bias')) return data
  if (shape.length === 1) return data.fill(1)
  random.fillNormal(data, initStd)
  return data
}

function inverseSoftplus(y: number): number {
  return y + Math.log(-Math.expm1(-y))
}
