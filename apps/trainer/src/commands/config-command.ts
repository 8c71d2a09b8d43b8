import { Command } from 'commander'
import { SwatError } from '@swat-js/tensor-core'
import { stringify } from 'yaml'
import { readRunConfig } from '../config/read-run-config.js'
import { resolveModel } from '../config/resolve-model.js'
import { runConfigJsonSchema } from '../config/run-config-json-schema.js'
import { withoutKey } from '../config/without-key.js'
import { commandName } from '../progress/command-name.js'
import { collect } from './collect.js'

interface ConfigOptions {
  set: string[]
  name?: string
  schema?: boolean
  json?: boolean
}

/** The command `swat config`. */
export function configCommand(): Command {
  return new Command('config')
    .description('Checks a configuration and prints it with every default filled in.')
    .argument('[config]', 'a YAML or JSON file')
    .option('--set <key=value>', 'set a value of the configuration (YAML); may be repeated', collect, [])
    .option('--name <name>', 'name of the run')
    .option('--schema', 'print the JSON Schema of configurations instead')
    .option('--json', 'print JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, { set, name, schema, json }: ConfigOptions) => {
      const print = (value: unknown) =>
        process.stdout.write(json || schema ? `${JSON.stringify(value, null, 2)}\n` : stringify(value))
      if (schema) return void print(runConfigJsonSchema())
      if (path === undefined) {
        const example = `${commandName(process.env)} config recipes/moby-dick.yaml`
        throw new SwatError('config', `Give a configuration file, for example: ${example}`)
      }
      const config = await readRunConfig(path, { set, ...(name === undefined ? {} : { name }) })
      const { preset, baseline } = config.model
      const model = withoutKey(resolveModel(config.model, 256), 'vocabSize') // the tokenizer decides on that
      print({ ...config, model: { preset, ...(baseline && { baseline }), ...model } })
    })
}

const examples = `
Examples:
  swat config recipes/moby-dick.yaml
  swat config recipes/moby-dick.yaml --set training.steps=1000
  swat config --schema > swat.schema.json`
