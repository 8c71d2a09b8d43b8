import { swatConfigSchema } from '@swat-js/models'
import { z } from 'zod'
import { runConfigSchema } from './run-config-schema.js'
import { withoutKey } from './without-key.js'

/**
 * The JSON Schema of a run's configuration, for editors that complete and check while one types.
 *
 * @returns plain data, JSON Schema draft 2020-12
 */
export function runConfigJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(runConfigSchema, { io: 'input' }) as Section
  const ofModel = z.toJSONSchema(swatConfigSchema, { io: 'input', unrepresentable: 'any' }) as Section
  // A key of the model that is not written comes from the preset, whatever the model's own default is.
  const overrides = Object.entries(withoutKey(ofModel.properties, 'vocabSize')).map(([name, property]) => [
    name,
    withoutKey(property, 'default'),
  ])
  const { preset, baseline } = (schema.properties.model as Section).properties
  const properties = { preset, baseline, ...Object.fromEntries(overrides) }
  const model = { ...schema.properties.model, properties, additionalProperties: false }
  return { ...schema, properties: { ...schema.properties, model } }
}

/** A JSON Schema of an object. */
interface Section extends Record<string, unknown> {
  properties: Record<string, Record<string, unknown>>
}
