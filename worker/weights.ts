// The weights that come with the package, each under its name in models/manifest.json. One line a file.
export { default as 'srcnn-x2.onnx' } from '../models/srcnn-x2.onnx'
export { default as 'srcnn-x3.onnx' } from '../models/srcnn-x3.onnx'
export { default as 'srcnn-x4.onnx' } from '../models/srcnn-x4.onnx'
export { default as 'srcnn-jpeg-x2.onnx' } from '../models/srcnn-jpeg-x2.onnx'
export { default as 'srcnn-jpeg-x3.onnx' } from '../models/srcnn-jpeg-x3.onnx'
export { default as 'srcnn-jpeg-x4.onnx' } from '../models/srcnn-jpeg-x4.onnx'
