import { SwatError } from '@swat-js/tensor-core'

/**
 * Throws unless a number is an integer of at least `minimum`.
 *
 * @param caller - the public function that checks, named in the message
 * @param name - the argument, named in the message
 * @param value - what came
 * @param minimum - smallest allowed value
 * @param wayOut - a sentence that says what to give instead
 * @throws SwatError `attention`
 */
export function expectInteger(caller: string, name: string, value: number, minimum: number, wayOut: string): void {
  if (Number.isSafeInteger(value) && value >= minimum) return
  throw new SwatError(
    'attention',
    `${caller}: ${name} must be an integer of at least ${minimum}, but is ${value}. ${wayOut}`,
  )
}
