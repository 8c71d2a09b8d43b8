import { parameterShapes, resolveConfig, type SwatConfig, type SwatConfigInput } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import { withoutFunctionNames } from '../messages/without-function-names.js'
import { assign, parseAssignment } from './assignment.js'

/**
 * A trained model that is run otherwise than it was trained: with another window, with sinks, with a scaled rotation.
 *
 * @param model - as it was trained
 * @param assignments - what follows `--set`, for example `model.window=1024`
 * @returns the model to run
 * @throws SwatError `config` when an assignment is not about the model, is refused, or asks for other weights
 */
export function overrideModel(model: SwatConfig, assignments: readonly string[]): SwatConfig {
  if (assignments.length === 0) return model
  const written = { model: structuredClone(model) as unknown as Record<string, unknown> }
  for (const text of assignments) {
    const { argument, keys, value } = parseAssignment(text)
    if (keys[0] !== 'model' || keys.length < 2) {
      throw new SwatError(
        'config',
        `${argument}: a trained model can only be set model.… values, for example --set model.window=1024.`,
      )
    }
    assign(written, keys, value, argument)
  }
  const given = assignments.map((text) => `--set ${text}`).join(' ')
  const changed = withReasons(given, () => resolveConfig(written.model as unknown as SwatConfigInput))
  const [trained, asked] = [model, changed].map((config) => JSON.stringify([...parameterShapes(config)]))
  if (trained === asked) return changed
  throw new SwatError(
    'config',
    `${given}: a trained model keeps its weights, and this asks for others. Set what has no weights, such as window, ` +
      'sinks or rope.scaling.',
  )
}

function withReasons<T>(given: string, resolve: () => T): T {
  try {
    return resolve()
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    throw new SwatError('config', `${given}: ${withoutFunctionNames(error.message)}`, { cause: error })
  }
}
