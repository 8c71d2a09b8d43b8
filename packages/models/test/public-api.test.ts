import { expect, it } from 'vitest'
import * as models from '../src/index.js'

it('exports exactly this', () => {
  expect(Object.keys(models).sort()).toEqual([
    'blockSettings',
    'createModelCache',
    'disposeModelCache',
    'evaluateTokens',
    'fromHuggingFaceConfig',
    'generateTokens',
    'initializeParameters',
    'intermediateSize',
    'mlp',
    'modelLoss',
    'parameterCount',
    'parameterShapes',
    'parametersFromHuggingFace',
    'presetConfig',
    'presetNames',
    'resolveConfig',
    'sampleToken',
    'startTrainingStep',
    'swatBlock',
    'swatConfigSchema',
    'swatHiddenStates',
    'swatTransformer',
    'toHuggingFaceConfig',
    'trainingMemory',
    'trainingProducts',
    'trainingStep',
  ])
})
