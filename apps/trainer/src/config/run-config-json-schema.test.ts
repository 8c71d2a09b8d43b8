import { describe, expect, it } from 'vitest'
import { runConfigJsonSchema } from './run-config-json-schema.js'

describe('runConfigJsonSchema', () => {
  const schema = JSON.parse(JSON.stringify(runConfigJsonSchema())) as {
    required: string[]
    properties: Record<string, { properties: Record<string, Record<string, unknown>>; additionalProperties: boolean }>
  }

  it('requires only what has no default', () => {
    expect(schema.required).toEqual(['name', 'data'])
  })

  it('describes the values of every section, closed against unknown keys', () => {
    const { training, model } = schema.properties
    expect(training.properties.steps).toMatchObject({ type: 'integer', default: 400, exclusiveMinimum: 0 })
    expect(training.additionalProperties).toBe(false)
    expect(model.additionalProperties).toBe(false)
    expect(model.properties.preset).toMatchObject({ enum: expect.arrayContaining(['nano', 'swat-340m']) as unknown })
    expect(model.properties.window).toBeDefined()
    expect(model.properties.vocabSize).toBeUndefined()
  })

  it('describes each scaling of rotary positions', () => {
    type Scaling = { properties: { type: { const?: string; enum?: string[] } }; required: string[] }
    const { anyOf } = schema.properties.model.properties.rope as {
      anyOf: { properties?: { scaling: { oneOf: Scaling[] } } }[]
    }
    const scalings = anyOf.flatMap(({ properties }) => properties?.scaling.oneOf ?? [])
    expect(scalings.map(({ properties: { type }, required }) => [type.enum ?? type.const, required])).toEqual([
      ['linear', ['type', 'factor']],
      ['ntk', ['type', 'factor']],
      [
        ['yarn', 'yarn-by-parts'],
        ['type', 'factor', 'originalLength'],
      ],
      ['dynamic-linear', ['type', 'originalLength']],
      ['dynamic-ntk', ['type', 'factor', 'originalLength']],
    ])
  })

  it('gives model keys no default of their own: they come from the preset', () => {
    const defaults = Object.entries(schema.properties.model.properties).filter(([, value]) => 'default' in value)
    expect(defaults.map(([name]) => name)).toEqual(['preset'])
  })
})
