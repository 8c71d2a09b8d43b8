/**
 * Reading documents and tokenizer files; Node only.
 *
 * @module @swat-js/data/node
 */
export type { DocumentSource, HubSource, ModuleSource, PathSource } from './text/node/document-source.js'
export { openSource } from './text/node/open-source.js'
export { readDocuments } from './text/node/read-documents.js'
export { streamDocuments } from './text/node/stream-documents.js'
export { readTokenizer, saveTokenizer } from './tokens/node/tokenizer-file.js'
