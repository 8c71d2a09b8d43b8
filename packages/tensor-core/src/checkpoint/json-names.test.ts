import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonNames } from './json-names.js'

it('tells the names in their order and one that occurs twice, at any depth, through escapes and spaces', () => {
  expect(jsonNames('{"b" : 1,\n"2":{"x":"\\"a\\":", "y":["{",{"x":1}]},"1":"\\\\"}')).toEqual({
    names: ['b', '2', '1'],
    twice: undefined,
  })
  expect(jsonNames('{"a":[{"b":1,"c":{},"\\u0062":2}]}')).toEqual({ names: ['a'], twice: 'b' })
  expect(jsonNames('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}').twice).toBeUndefined()
})

it('tells the names of any object', () => {
  const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue()), {
    selector: ([name]) => name,
  })
  fc.assert(
    fc.property(members, fc.constantFrom('', ' ', '\n\t'), (members, space) => {
      const json = members.map(
        ([name, value]) => JSON.stringify(name) + space + ':' + JSON.stringify(value, null, space),
      )
      expect(jsonNames(`{${json.join(`${space},`)}}`)).toEqual({
        names: members.map(([name]) => name),
        twice: undefined,
      })
    }),
  )
})
