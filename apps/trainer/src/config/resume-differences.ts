import type { RunConfig } from './run-config.js'

/** Keys that may differ when a run is resumed: they do not change what it learns. */
const free = [
  'name',
  'engine',
  'validation',
  'sample',
  'checkpoint',
  'output',
  'training.maxMinutes',
  'training.microBatchSize',
  'training.checkpointActivations',
]

/**
 * What keeps a run from being resumed with another configuration.
 *
 * @param before - the configuration the run was started with
 * @param now - the configuration it should go on with
 * @returns one entry for each key that must not differ but does; empty when the run can go on. `training.steps` may
 * differ when the learning rate is constant; a cosine schedule would bend.
 */
export function resumeDifferences(before: RunConfig, now: RunConfig): string[] {
  const allowed = before.training.schedule === 'constant' ? [...free, 'training.steps'] : free
  const then = leaves(before)
  const today = leaves(now)
  const keys = [...new Set([...then.keys(), ...today.keys()])]
  return keys
    .filter((key) => !allowed.some((name) => key === name || key.startsWith(`${name}.`)))
    .filter((key) => then.get(key) !== today.get(key))
    .map((key) => `${key} (was ${then.get(key) ?? 'absent'}, now ${today.get(key) ?? 'absent'})`)
}

function leaves(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[path, JSON.stringify(value)]])
  return new Map(
    Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .flatMap(([key, entry]) => [...leaves(entry, path === '' ? key : `${path}.${key}`)]),
  )
}
