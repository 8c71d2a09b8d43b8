import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { disposeParameters, flattenParameters } from '../parameters/parameter-tree.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { tf } from '../tf.js'
import { parametersFromSafetensors } from './parameters-from-safetensors.js'
import { parametersToSafetensors } from './parameters-to-safetensors.js'
import { readSafetensors } from './safetensors.js'

describe.each([{ backend: 'cpu' }, { backend: 'wasm' }] as const)(
  'parameters in safetensors on $backend',
  ({ backend }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('come back with the same numbers in the same tree', async () => {
      await expectNoLeak(async () => {
        const parameters = {
          model: {
            embeddings: {
              weight: tf.tensor2d([
                [1, 2],
                [3, 0.1],
              ]),
            },
            layers: [{ norm: { weight: tf.tensor1d([4]) } }, { norm: { weight: tf.tensor1d([5, 6]) } }],
          },
          lm_head: undefined,
          scale: tf.scalar(7),
        }
        const shapes = new Map([...flattenParameters(parameters)].map(([name, { shape }]) => [name, shape]))
        const file = readSafetensors(await parametersToSafetensors(parameters, { format: 'pt' }))
        expect([...file.tensors.keys()]).toEqual([
          'model.embeddings.weight',
          'model.layers.0.norm.weight',
          'model.layers.1.norm.weight',
          'scale',
        ])
        const loaded = parametersFromSafetensors<{ model: typeof parameters.model; scale: tf.Scalar }>(file, shapes)
        expect(Array.isArray(loaded.model.layers)).toBe(true)
        expect(loaded.model.layers[1].norm.weight.arraySync()).toEqual([5, 6])
        expect(loaded.model.embeddings.weight.arraySync()).toEqual([
          [1, 2],
          [3, Math.fround(0.1)],
        ])
        expect(loaded.scale.arraySync()).toBe(7)
        disposeParameters(parameters)
        disposeParameters(loaded)
      })
    })

    it('are refused when names or shapes differ, all at once', async () => {
      const file = readSafetensors(await parametersToSafetensors({ a: tf.zeros([2]), b: tf.zeros([3]) }))
      await expectNoLeak(() => {
        const wanted = new Map([
          ['a', [4]],
          ['c', [1]],
        ])
        expect(() => parametersFromSafetensors(file, wanted)).toThrow(
          'c is missing; b is unknown; a should be [4] and is [2]. Check that weights and configuration belong together.',
        )
      })
    })
  },
)
