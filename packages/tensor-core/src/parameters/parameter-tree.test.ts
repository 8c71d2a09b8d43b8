import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { tf } from '../tf.js'
import { disposeParameters, flattenParameters, mapParameters } from './parameter-tree.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

it('names tensors by their dotted path, skips absent entries and keeps the nesting', async () => {
  await expectNoLeak(() => {
    const tree = {
      model: { layers: [{ norm: { weight: tf.scalar(1) } }, { norm: { weight: tf.scalar(2) } }] },
      lm_head: undefined,
    }
    expect([...flattenParameters(tree).keys()]).toEqual(['model.layers.0.norm.weight', 'model.layers.1.norm.weight'])
    const doubled = mapParameters(tree, (tensor) => tf.mul(tensor, 2))
    expect(doubled.model.layers[1].norm.weight.dataSync()[0]).toBe(4)
    expect('lm_head' in doubled).toBe(false)
    disposeParameters(tree)
    disposeParameters(doubled)
  })
})

it('refuses what is no tensor', () => {
  expect(() => flattenParameters({ a: { b: 3 } })).toThrow('a.b must be a tensor, but is 3')
})
