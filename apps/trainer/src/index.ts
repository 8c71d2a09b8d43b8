/**
 * The reference trainer as functions; the command is `swat`.
 *
 * @module @swat-js/trainer
 */
export { trainRun } from './run.js'
export type { TrainRunOptions } from './run.js'
export { loadRun } from './load-run.js'
export type { LoadedRun } from './load-run.js'

export { runConfigSchema } from './config/run-config-schema.js'
export type {
  CheckpointSettings,
  DataSettings,
  EngineSettings,
  OutputSettings,
  RunConfig,
  RunConfigInput,
  SampleSettings,
  SplitSettings,
  TokenizerSettings,
  TrainingSettings,
  ValidationSettings,
} from './config/run-config.js'
export type { ModelSettings } from './config/resolve-model.js'
export { resolveRunConfig } from './config/resolve-run-config.js'
export { readRunConfig } from './config/read-run-config.js'
export type { ConfigOverrides } from './config/read-run-config.js'
export { runConfigJsonSchema } from './config/run-config-json-schema.js'

export { exportRun } from './hugging-face/export-run.js'
export type { ExportOptions, ExportResult } from './hugging-face/export-run.js'
export { importFolder } from './hugging-face/import-folder.js'
export type { ImportOptions, ImportResult } from './hugging-face/import-folder.js'

export { scoreText } from './evaluation/score-text.js'
export type { ScoreOptions, SpeakingModel, TextScore } from './evaluation/score-text.js'
export { continueText } from './evaluation/continue-text.js'
export { continueTexts } from './evaluation/continue-texts.js'
export type { ContinueOptions, ContinueTextsOptions, TextPiece } from './evaluation/continue-texts.js'

export type {
  BestValidation,
  CheckpointEvent,
  EndEvent,
  NoticeEvent,
  PreparedEvent,
  PreparedSplit,
  PrepareEvent,
  ProgressEvent,
  RunEvent,
  RunSummary,
  SampleEvent,
  StartEvent,
  StepEvent,
  TuningEvent,
  ValidationEvent,
} from './progress/run-event.js'
