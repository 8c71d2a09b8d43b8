/**
 * How a person starts this program, for commands that they can copy.
 *
 * @param environment - the process's environment; npm says there how it was called
 */
export function commandName(environment: NodeJS.ProcessEnv): string {
  const script = environment.npm_lifecycle_event
  if (script === undefined) return 'swat'
  return script === 'npx' ? 'npx swat' : 'npm run swat --'
}

/**
 * A text as one word of a shell command.
 *
 * @param text - any text
 */
export function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
