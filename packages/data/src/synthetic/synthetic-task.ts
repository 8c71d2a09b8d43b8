import { ignoredLabel } from '../batches/sequences.js'
import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import { randomGenerator } from '../random/random-generator.js'
import type { TaskAnswer, TaskDefinition } from './task-definition.js'
import { copy, type CopyOptions } from './tasks/copy.js'
import { induction, type InductionOptions } from './tasks/induction.js'
import { keyValueRecall, type KeyValueRecallOptions } from './tasks/key-value-recall.js'
import { passkey, type PasskeyOptions } from './tasks/passkey.js'
import { selectiveCopy, type SelectiveCopyOptions } from './tasks/selective-copy.js'
import { windowParity, type WindowParityOptions } from './tasks/window-parity.js'

/** The tasks by name, and the options of each beside length and seed. */
export interface TaskOptions {
  /** The value of a key, at a chosen distance. */
  'key-value-recall': KeyValueRecallOptions
  /** A number in filler text. */
  passkey: PasskeyOptions
  /** All symbols again. */
  copy: CopyOptions
  /** The symbols among filler again. */
  'selective-copy': SelectiveCopyOptions
  /** What followed the marker before. */
  induction: InductionOptions
  /** Whether the last bits hold an even number of ones. */
  'window-parity': WindowParityOptions
}

/** The name of a task. */
export type TaskName = keyof TaskOptions

/** What every task is given. */
export interface TaskSize {
  /** Tokens of an example. */
  length: number
  /** A whole number from 0; with the index of an example, all that it depends on. */
  seed: number
}

/** One text with questions. */
export interface TaskExample {
  /** Token ids, `[length]`. */
  inputs: Int32Array
  /** What must be predicted at each place, −100 where nothing is asked; `[length]`. */
  labels: Int32Array
  /** The questions, in the order of their positions; one at least. */
  answers: TaskAnswer[]
}

/** A task: as many examples as one likes, each of them by its index. */
export interface SyntheticTask {
  /** Which task it is. */
  readonly name: TaskName
  /** Tokens of each example. */
  readonly length: number
  /** What each id is called, for reading; its length is the size of the vocabulary. */
  readonly vocabulary: readonly string[]
  /**
   * An example that depends on the task's options and its index alone.
   *
   * @param index - a whole number from 0
   * @throws {DataError} `invalid-argument` for another index
   */
  example(index: number): TaskExample
  /**
   * Tokens as a person reads them: their names, with spaces between.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  decode(tokens: ArrayLike<number>): string
}

const definitions: {
  [Name in TaskName]: { define(options: TaskOptions[Name] & { length: number }): TaskDefinition; known: string[] }
} = {
  'key-value-recall': {
    define: keyValueRecall,
    known: ['distances', 'questions', 'distractors', 'keys', 'values'],
  },
  passkey: { define: passkey, known: ['distances', 'digits', 'fillers'] },
  copy: { define: copy, known: ['copied', 'symbols'] },
  'selective-copy': { define: selectiveCopy, known: ['copied', 'symbols'] },
  induction: { define: induction, known: ['distances', 'symbols'] },
  'window-parity': { define: windowParity, known: ['span'] },
}

/** The names of all tasks. */
export const taskNames = Object.keys(definitions) as readonly TaskName[]

/**
 * A task with exact answers that shows what a model forgets: key-value recall, passkey, copy, selective copy,
 * induction, parity over a window. Every answer follows from the tokens before it and from nothing else, and its
 * distance says how far back a model must see for it.
 *
 * @param name - which task, see {@link taskNames}
 * @param options - length, seed, and how hard it is: {@link TaskOptions}
 * @returns the task
 * @throws {DataError} `invalid-argument` for a task or an option that is not known, a number outside its range, and
 *   where what is asked does not fit into the length
 */
export function syntheticTask<Name extends TaskName>(name: Name, options: TaskSize & TaskOptions[Name]): SyntheticTask {
  if (!Object.hasOwn(definitions, name)) {
    const known = taskNames.join(', ')
    throw new DataError('invalid-argument', `syntheticTask: the task must be one of ${known}, got ${name}.`)
  }
  const { define, known } = definitions[name]
  const unknown = Object.keys(options).find((key) => !['length', 'seed', ...known].includes(key))
  if (unknown !== undefined) {
    const list = ['length', 'seed', ...known].join(', ')
    throw new DataError('invalid-argument', `syntheticTask: the options of ${name} are ${list}, got ${unknown}.`)
  }
  const { length, seed } = options
  checkInteger('syntheticTask', 'length', length, 1)
  checkInteger('syntheticTask', 'seed', seed, 0)
  const { vocabulary, draw } = define(options)
  return {
    name,
    length,
    vocabulary,
    example(index) {
      checkInteger('example', 'index', index, 0)
      const inputs = new Int32Array(length)
      const labels = new Int32Array(length).fill(ignoredLabel)
      const answers = draw(randomGenerator(seed, index), inputs)
      for (const { position, token } of answers) labels[position] = token
      return { inputs, labels, answers }
    },
    decode(tokens) {
      return Array.from(tokens, (token) => {
        const word = vocabulary[token]
        if (word !== undefined) return word
        throw new DataError(
          'token-out-of-range',
          `decode: ids of ${name} are below ${vocabulary.length}, but there is ${token}.`,
        )
      }).join(' ')
    },
  }
}
