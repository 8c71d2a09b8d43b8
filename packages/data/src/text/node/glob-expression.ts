import { DataError } from '../../data-error.js'

/**
 * A glob as an expression over whole names: `*` and `?` stay within a folder, `**` does not; `[a-z]` and `{a,b}` are
 * as in a shell. What has none of these names a file, or a folder with all in it.
 *
 * @param owner - the function to name in errors
 * @throws {DataError} `invalid-argument`
 */
export function globExpression(glob: string, owner: string): RegExp {
  const tokens = glob.match(/\*\*\/|\*\*|\[!?[^\]]+\]|[^]/g) ?? []
  let depth = 0
  const source = tokens.map((token) => {
    if (token === '**/') return '(?:.*/)?'
    if (token === '**') return '.*'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    if (token.length > 1) return token.replace(/^\[!/, '[^').replace(/\\/g, '\\\\')
    if (token === '{') return (depth++, '(?:')
    if (token === '}' && depth > 0) return (depth--, ')')
    if (token === ',' && depth > 0) return '|'
    return token.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  })
  const isLiteral = !/[*?[{]/.test(glob)
  if (depth > 0) throw refused(glob, owner, 'a { in it is not closed', null)
  try {
    return new RegExp(`^${source.join('').replace(isLiteral ? /\\\/$/ : /$^/, '')}${isLiteral ? '(?:/.*)?' : ''}$`)
  } catch (cause) {
    throw refused(glob, owner, 'a range in its brackets runs backwards', cause)
  }
}

function refused(glob: string, owner: string, reason: string, cause: unknown): DataError {
  const message = `${owner}: files: ${JSON.stringify(glob)} is no glob: ${reason}. Write it as in a shell, such as data/[a-z]*.{csv,tsv}.`
  return new DataError('invalid-argument', message, { cause })
}
