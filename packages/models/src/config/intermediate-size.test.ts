import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { intermediateSize } from './intermediate-size.js'

const file = new URL('../../../../test/golden/layers.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as {
  intermediate_size: { hidden: number; hidden_ratio: number; intermediate: number }[]
}

describe('intermediateSize', () => {
  it.each(golden.intermediate_size)('hidden $hidden, ratio $hidden_ratio → $intermediate', (row) => {
    expect(intermediateSize(row.hidden, row.hidden_ratio)).toBe(row.intermediate)
  })
})
