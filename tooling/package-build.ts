// What a package is built from and into, for releases and for tests.
interface Manifest {
  exports: Record<string, string | Record<string, string>>
}

/**
 * What a package is built from, as its exports tell.
 *
 * @param manifest - the parsed package.json
 * @returns the source of each file of `dist`, by its name without ending
 */
export function packageEntries({ exports }: Manifest): Record<string, string> {
  const entries = Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => [target.default.replace(/^\.\/dist\/|\.js$/g, ''), target['@swat-js/source']])
  return Object.fromEntries(entries)
}

/** What is written, and for whom. */
export const packageOutput = { format: 'esm', target: 'es2022', platform: 'neutral', splitting: true } as const
