import * as main from '../src/index.js'
import * as node from '../src/node.js'
import { expect, test } from 'vitest'

test('the main entry exports these values', () => {
  expect(Object.keys(main).sort()).toEqual([
    'DataError',
    'byteTokenizer',
    'createTextDecoder',
    'gpt2Tokenizer',
    'loadTokenizer',
    'nextTokenBatches',
    'packDocuments',
    'readBlob',
    'splitDocuments',
    'streamSource',
    'trainBpe',
  ])
})

test('the node entry exports these values', () => {
  expect(Object.keys(node).sort()).toEqual([
    'openShards',
    'openSource',
    'openTokenFile',
    'prefetchBatches',
    'prepareShards',
    'readDocuments',
    'readTokenizer',
    'saveTokenizer',
    'streamDocuments',
    'trainBpeFrom',
    'verifyShards',
  ])
})
