import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inWindow, visibleKeys } from './window.js'

describe('inWindow', () => {
  it('lets a query see itself and the window − 1 keys before it', () => {
    const seen = (window: number | null) => [0, 1, 2, 3, 4, 5, 6].filter((key) => inWindow(5, key, window))
    expect(seen(3)).toEqual([3, 4, 5])
    expect(seen(1)).toEqual([5])
    expect(seen(100)).toEqual([0, 1, 2, 3, 4, 5])
    expect(seen(null)).toEqual([0, 1, 2, 3, 4, 5])
  })
})

describe('visibleKeys', () => {
  const layouts = fc.record({
    firstQuery: fc.nat(30),
    queries: fc.integer({ min: 1, max: 10 }),
    keys: fc.integer({ min: 1, max: 30 }),
    keyOffset: fc.nat(20),
    window: fc.option(fc.integer({ min: 1, max: 20 })),
    sinks: fc.nat(25),
  })

  it('holds exactly the keys that a single query sees, each once', () => {
    fc.assert(
      fc.property(layouts, ({ firstQuery, ...layout }) => {
        const inRanges = visibleKeys(firstQuery, firstQuery, layout).flatMap(({ start, end }) =>
          Array.from({ length: end - start }, (_, i) => start + i),
        )
        const byRule = Array.from({ length: layout.keys }, (_, i) => i).filter((i) => {
          const key = layout.keyOffset + i
          return inWindow(firstQuery, key, layout.window) || (key < layout.sinks && key <= firstQuery)
        })
        expect(inRanges).toEqual(byRule)
      }),
    )
  })

  it('holds the keys of every one of several queries, and its runs are disjoint', () => {
    fc.assert(
      fc.property(layouts, ({ firstQuery, queries, ...layout }) => {
        const lastQuery = firstQuery + queries - 1
        const [sinks, window] = visibleKeys(firstQuery, lastQuery, layout)
        expect(sinks.end).toBeLessThanOrEqual(window.start)
        const holds = (i: number) => [sinks, window].some(({ start, end }) => i >= start && i < end)
        for (let query = firstQuery; query <= lastQuery; query++) {
          for (let i = 0; i < layout.keys; i++) {
            if (inWindow(query, layout.keyOffset + i, layout.window)) expect(holds(i)).toBe(true)
          }
        }
        if (layout.window !== null) expect(window.end - window.start).toBeLessThanOrEqual(queries + layout.window - 1)
      }),
    )
  })
})
