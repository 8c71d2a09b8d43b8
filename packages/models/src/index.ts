/**
 * SWAT language models: configuration, transformer, training step, generation, hidden states, evaluation.
 *
 * @module @swat-js/models
 */
export { presetConfig, presetNames } from './config/presets.js'
export type { PresetName } from './config/presets.js'
export { baselineConfig, baselineNames, baselineSettings } from './config/baselines.js'
export type { BaselineName } from './config/baselines.js'
export { paperRow, paperRowNames } from './config/paper-rows.js'
export type { PaperRow, PaperRowName } from './config/paper-rows.js'
export { resolveConfig, swatConfigSchema } from './config/swat-config.js'
export type { PositionBiasConfig, SlopesConfig, SwatConfig, SwatConfigInput } from './config/swat-config.js'
export { describeWindow } from './config/describe-window.js'
export { layerWindows } from './config/layer-windows.js'
export { fromHuggingFaceConfig, toHuggingFaceConfig } from './config/hugging-face-config.js'
export type { HuggingFaceConfig } from './config/hugging-face-config.js'
export { huggingFaceFiles } from './hugging-face/hugging-face-files.js'
export type { EndOfDocument, HuggingFaceFilesOptions } from './hugging-face/hugging-face-files.js'
export { intermediateSize } from './config/intermediate-size.js'

export { parameterShapes } from './parameters/parameter-shapes.js'
export { parameterCount } from './parameters/parameter-count.js'
export type { ParameterCount } from './parameters/parameter-count.js'
export { parametersFromHuggingFace } from './parameters/parameters-from-hugging-face.js'
export { initializeParameters } from './parameters/initialize-parameters.js'

export { mlp } from './layers/mlp.js'
export type { MlpParameters } from './layers/mlp.js'
export type { MatrixWeight, NormWeight } from './layers/weights.js'
export { blockSettings } from './swat-transformer/block-settings.js'
export { swatBlock } from './swat-transformer/block.js'
export type {
  SwatBlockContext,
  SwatBlockParameters,
  SwatBlockResult,
  SwatBlockSettings,
} from './swat-transformer/block.js'
export { swatHiddenStates, swatTransformer } from './swat-transformer/model.js'
export type {
  SwatHiddenStates,
  SwatHiddenStatesContext,
  SwatParameters,
  SwatTransformerContext,
  SwatTransformerResult,
} from './swat-transformer/model.js'
export { createModelCache, disposeModelCache } from './swat-transformer/model-cache.js'
export type { ModelCache } from './swat-transformer/model-cache.js'

export { recurrentLayer } from './recurrent/recurrent-layer.js'
export type { RecurrentLayerContext, RecurrentLayerResult } from './recurrent/recurrent-layer.js'
export { recurrentSettings } from './recurrent/recurrent-settings.js'
export type {
  CommonRecurrentSettings,
  DeltaNetSettings,
  ExpandedRecurrentSettings,
  GatedDeltaNetSettings,
  GlaSettings,
  Mamba2Settings,
  RecurrentSettings,
  RecurrentSettingsInput,
  RecurrentType,
  RetNetSettings,
} from './recurrent/recurrent-settings.js'
export { recurrentParameterShapes } from './recurrent/recurrent-parameters.js'
export type {
  ConvolutionWeight,
  DeltaNetParameters,
  GatedDeltaNetParameters,
  GlaParameters,
  Mamba2Parameters,
  RecurrentParameters,
  RetNetParameters,
} from './recurrent/recurrent-parameters.js'
export { initialRecurrentParameter } from './recurrent/initial-recurrent-parameter.js'
export { createRecurrentState, disposeRecurrentState, restartRecurrentSequences } from './recurrent/recurrent-state.js'
export type { RecurrentMemory, RecurrentState } from './recurrent/recurrent-state.js'
export { gatedLinearAttention } from './recurrent/linear-attention/gated-linear-attention.js'
export type { GatedLinearAttentionOptions } from './recurrent/linear-attention/gated-linear-attention.js'
export { deltaRule } from './recurrent/linear-attention/delta-rule.js'
export type { DeltaRuleOptions } from './recurrent/linear-attention/delta-rule.js'
export type { RecurrenceOptions, RecurrenceResult } from './recurrent/linear-attention/contract.js'

export { modelLoss } from './training/model-loss.js'
export type { ModelLossOptions, TokenBatch } from './training/model-loss.js'
export { trainingMemory } from './training/training-memory.js'
export type { TrainingMemory, TrainingMemoryRequest } from './training/training-memory.js'
export { trainingProducts } from './training/training-products.js'
export { startTrainingStep, trainingStep } from './training/training-step.js'
export type {
  StartedTrainingStep,
  TrainingMeasurements,
  TrainingSettings,
  TrainingState,
  TrainingStepResult,
} from './training/training-step.js'

export { generateTokens } from './generation/generate-tokens.js'
export { generateBatch } from './generation/generate-batch.js'
export type { BatchGenerationOptions, GenerationOptions } from './generation/generation-options.js'
export type { GeneratedToken } from './generation/decode-sequences.js'
export { sampleToken } from './generation/sample-token.js'
export { tokenProbabilities } from './generation/token-probabilities.js'
export type { SamplingOptions } from './generation/sampling-options.js'
export { tokenLogProbabilities } from './generation/token-log-probabilities.js'
export type { TokenLogProbabilities, TokenLogProbability } from './generation/token-log-probabilities.js'
export { readHiddenStates } from './hidden-states/read-hidden-states.js'
export type { HiddenStatesChunk, HiddenStatesOptions } from './hidden-states/read-hidden-states.js'
export { attentionWeights } from './inspection/attention-weights.js'
export type { AttentionWeights, AttentionWeightsOptions } from './inspection/attention-weights.js'
export { readAttentionWeights } from './inspection/read-attention-weights.js'
export type { AttentionWeightsReaderOptions } from './inspection/read-attention-weights.js'
export { embeddingGradients } from './inspection/embedding-gradients.js'
export type { EmbeddingGradientsOptions } from './inspection/embedding-gradients.js'
export { lossByContext } from './inspection/loss-by-context.js'
export type { LossByContextOptions } from './inspection/loss-by-context.js'
export { tokenReach } from './inspection/token-reach.js'
export type { TokenReach, TokenReachOptions } from './inspection/token-reach.js'
export { embedTokens } from './hidden-states/embed-tokens.js'
export type { EmbeddingOptions } from './hidden-states/embed-tokens.js'
export { evaluateTokens } from './evaluation/evaluate-tokens.js'
export type { Evaluation, EvaluationOptions } from './evaluation/evaluate-tokens.js'
