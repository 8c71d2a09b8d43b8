import { build, type BuildOptions } from 'esbuild'

/**
 * Bundles code for browsers from the sources of the packages, as an application would: one entry, pieces that are
 * loaded later apart.
 *
 * @param entry - a file, or code with the folder that its imports are resolved from
 * @returns the files by name; the entry is `main.js`
 */
export async function bundle(
  entry: { file: string } | { code: string; folder: string },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const input: BuildOptions =
    'file' in entry
      ? { entryPoints: { main: entry.file } }
      : { stdin: { contents: entry.code, resolveDir: entry.folder, sourcefile: 'main.js' }, entryNames: 'main' }
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    outdir: '/',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@swat-js/source'],
    logLevel: 'silent',
  })
  return new Map(outputFiles.map(({ path, contents }) => [path.split('/').pop() ?? path, contents]))
}
