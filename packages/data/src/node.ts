/**
 * Reading documents and tokenizer files; Node only.
 *
 * @module @swat-js/data/node
 */
export { readDocuments, type DocumentSource, type ModuleSource, type PathSource } from './text/node/read-documents.js'
export { readTokenizer, saveTokenizer, type Gpt2Files } from './tokens/node/tokenizer-file.js'
