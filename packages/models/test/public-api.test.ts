import { expect, it } from 'vitest'
import * as models from '../src/index.js'

it('exports exactly this', () => {
  expect(Object.keys(models).sort()).toEqual([
    'blockSettings',
    'createModelCache',
    'disposeModelCache',
    'embedTokens',
    'evaluateTokens',
    'fromHuggingFaceConfig',
    'generateBatch',
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
    'readHiddenStates',
    'resolveConfig',
    'sampleToken',
    'startTrainingStep',
    'swatBlock',
    'swatConfigSchema',
    'swatHiddenStates',
    'swatTransformer',
    'toHuggingFaceConfig',
    'tokenLogProbabilities',
    'tokenProbabilities',
    'trainingMemory',
    'trainingProducts',
    'trainingStep',
  ])
})
