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
