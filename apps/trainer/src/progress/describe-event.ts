import { describeWindow } from '@swat-js/models'
import { describeMatMulChoices } from '@swat-js/tensor-core'
import { commandName, shellWord } from './command-name.js'
import type { EndEvent, PreparedEvent, PrepareEvent, RunEvent, StartEvent } from './run-event.js'

/**
 * An event in words, for people.
 *
 * @param event - the event
 * @returns lines without a final line break, or null for events that come too often to be told in full
 */
export function describeEvent(event: RunEvent): string | null {
  switch (event.event) {
    case 'start':
      return describeStart(event)
    case 'validation': {
      const { step, loss, perplexity, bitsPerByte, tokens } = event
      const figures = `loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(1)}, ${bitsPerByte.toFixed(3)} bits per byte`
      return `Validation at step ${step}: ${figures} (${wholeNumber(tokens)} tokens)`
    }
    case 'sample':
      return `Sample at step ${event.step}: ${visible(event.prompt)} ▸${visible(event.text)}`
    case 'checkpoint':
      return `Checkpoint: ${event.path}`
    case 'tuning':
      return `Matrix products, as measured:\n${describeMatMulChoices(event.choices).replace(/^/gm, '        ')}`
    case 'notice':
      return event.text
    case 'end':
      return describeEnd(event)
    case 'prepared':
      return describePrepared(event)
    case 'prepare':
    case 'progress':
    case 'step':
      return null
  }
}

function describeStart(event: StartEvent): string {
  const { model, engine } = event
  const window = describeWindow(model.window)
  const begun = event.resumedFrom === null ? '' : ` from step ${event.step} (${event.resumedFrom})`
  return [
    `Run     ${event.folder}${begun}`,
    `Model   ${wholeNumber(event.parameters)} parameters: ${model.layers} layers, width ${model.hiddenSize}, ` +
      `${model.heads} heads, ${window}, ${wholeNumber(model.vocabSize)} tokens in the vocabulary`,
    `Data    ${wholeNumber(event.trainTokens)} tokens to train on, ${wholeNumber(event.validationTokens)} held out, ` +
      `${event.bytesPerToken.toFixed(2)} bytes per token`,
    `Engine  ${engine.backend} (${engine.device})`,
    ...engine.refused.map(({ backend, reason }) => `        not ${backend}: ${reason}`),
    `Steps   ${event.steps} of ${wholeNumber(event.tokensPerStep)} tokens, ${event.microBatchSize} sequences at a time`,
  ].join('\n')
}

function describeEnd({ folder, prompt, summary }: EndEvent): string {
  const { reason, step, steps, tokens, seconds, tokensPerSecond, bitsPerByte, gzipBitsPerByte, validationLoss } =
    summary
  const words = { finished: 'Finished', 'time-limit': 'Time is up', interrupted: 'Interrupted' }
  const lines = [
    `${words[reason]} after ${step} of ${steps} steps: ${wholeNumber(tokens)} tokens in ${duration(seconds)}, ` +
      `${wholeNumber(Math.round(tokensPerSecond))} tokens/s`,
  ]
  if (bitsPerByte !== null && gzipBitsPerByte !== null && validationLoss !== null) {
    lines.push(
      `Held-out text: loss ${validationLoss.toFixed(4)}, ${bitsPerByte.toFixed(3)} bits per byte; ` +
        `gzip -9 needs ${gzipBitsPerByte.toFixed(3)} on the same text`,
    )
  }
  const command = commandName(process.env)
  const run = shellWord(folder)
  if (reason !== 'finished') lines.push(`Go on with:  ${command} train --resume ${run}`)
  lines.push(`Sample with: ${command} generate --run ${run} --prompt ${shellWord(prompt)}`)
  return lines.join('\n')
}

function describePrepared(event: PreparedEvent): string {
  const { folder, outcome, vocabSize, splits, empty, duplicates } = event
  const begun = { new: '', resumed: ', gone on with after a stop', present: ', which was there already' }[outcome]
  const lines = [`Set         ${folder}${begun}`, `Vocabulary  ${wholeNumber(vocabSize)} tokens`]
  for (const { split, tokens, documents, bytes, files } of splits) {
    const name = `${split[0].toUpperCase()}${split.slice(1)}`.padEnd(11)
    lines.push(
      `${name} ${wholeNumber(tokens)} tokens of ${counted(documents, 'document')}, ` +
        `${(bytes / tokens).toFixed(2)} bytes per token, in ${counted(files, 'file')}`,
    )
  }
  if (empty + duplicates > 0) {
    lines.push(`Left out    ${counted(empty, 'empty document')}, ${counted(duplicates, 'repeat')}`)
  }
  if (outcome !== 'present') {
    lines.push(
      `Time        ${duration(event.seconds)}, ${duration(event.tokenizerSeconds)} of it for the tokenizer; ` +
        `${wholeNumber(Math.round(event.tokensPerSecond))} tokens/s`,
    )
  }
  return lines.join('\n')
}

/**
 * How far a preparation of shards has come, in words.
 *
 * @param event - the event
 */
export function describePrepare({ documents, bytes, tokens, tokensPerSecond, secondsLeft }: PrepareEvent): string {
  const left = secondsLeft === null ? '' : `  ${duration(secondsLeft)} left`
  return (
    `${counted(documents, 'document')}  ${(bytes / 1e6).toFixed(1)} MB  ${wholeNumber(tokens)} tokens  ` +
    `${wholeNumber(Math.round(tokensPerSecond))} tokens/s${left}`
  )
}

function counted(count: number, noun: string): string {
  return `${wholeNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A young model writes any bytes: control characters would move the cursor or worse. */
function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD')
}

/**
 * A span of time for people.
 *
 * @param seconds - how long
 * @returns for example `42 s`, `3 min 20 s`, `2 h 05 min`
 */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}

/**
 * A count for people.
 *
 * @param count - a whole number
 * @returns with commas between thousands
 */
export function wholeNumber(count: number): string {
  return count.toLocaleString('en-US')
}
