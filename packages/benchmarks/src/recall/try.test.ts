import { useEngine } from '@swat-js/tensor-core'
import { test } from 'vitest'
import { formatRecall } from './format-recall.js'
import { measureRecall } from './measure-recall.js'
test('x', async () => {
  await useEngine({ backend: 'wasm' })
  console.log(formatRecall(await measureRecall(JSON.parse(process.env.O ?? '{}'))))
}, 400000)
