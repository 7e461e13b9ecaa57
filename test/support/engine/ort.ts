// onnxruntime-web's WASM in Node, on one thread as in workerd.
import * as ort from 'onnxruntime-web/wasm'

ort.env.wasm.numThreads = 1

export { ort }
