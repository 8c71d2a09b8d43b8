/** TensorFlow.js, the union package: `tfjs-core` alone has no gradients in Node. The one import of it in this house. */
export * as tf from '@tensorflow/tfjs'
