import { runCommandLine } from './commands/command-line.js'

// npm runs a script in the root of the repository, wherever it was called: paths are meant from there.
const { INIT_CWD, npm_lifecycle_event, npm_package_name } = process.env
if (INIT_CWD !== undefined && npm_lifecycle_event === 'swat' && npm_package_name === 'swat-js') process.chdir(INIT_CWD)

process.exitCode = await runCommandLine(process.argv.slice(2))
