import * as main from '../src/index.js'
import * as node from '../src/node.js'
import { expect, test } from 'vitest'

test('the main entry exports these values', () => {
  expect(Object.keys(main).sort()).toEqual([
    'DataError',
    'byteTokenizer',
    'createTextDecoder',
    'loadTokenizer',
    'nextTokenBatches',
    'packDocuments',
    'scoreAnswers',
    'splitDocuments',
    'syntheticTask',
    'taskBatches',
    'taskNames',
    'streamSource',
    'trainBpe',
  ])
})

test('the node entry exports these values', () => {
  expect(Object.keys(node).sort()).toEqual(['readDocuments', 'readTokenizer', 'saveTokenizer'])
})
