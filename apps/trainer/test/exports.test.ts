import { expect, it } from 'vitest'
import * as trainer from '../src/index.js'

it('exports what the README lists', () => {
  expect(Object.keys(trainer).sort()).toEqual([
    'continueText',
    'continueTexts',
    'exportRun',
    'importFolder',
    'loadRun',
    'readRunConfig',
    'resolveRunConfig',
    'runConfigJsonSchema',
    'runConfigSchema',
    'scoreText',
    'trainRun',
  ])
})
