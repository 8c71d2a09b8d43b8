/**
 * A glob as an expression over whole names: `*` and `?` stay within a folder, `**` does not; `[a-z]` and `{a,b}` are
 * as in a shell. What has none of these names a file, or a folder with all in it.
 */
export function globExpression(glob: string): RegExp {
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
  return new RegExp(`^${source.join('').replace(isLiteral ? /\\\/$/ : /$^/, '')}${isLiteral ? '(?:/.*)?' : ''}$`)
}
