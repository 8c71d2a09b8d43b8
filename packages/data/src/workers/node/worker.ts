/**
 * What the worker threads of this package run. They are started by the functions that need them; there is nothing here
 * to import.
 *
 * @module @swat-js/data/worker
 */
import { parentPort, workerData } from 'node:worker_threads'
import { serveTask } from './serve-task.js'

if (parentPort !== null) serveTask(parentPort, workerData)

export {}
