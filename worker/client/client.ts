// `edge-srcnn/client`: what a page needs to ask for sharper pictures.
export { type Format, FORMATS, type Scale, SCALES, SIZES } from './allowed.ts'
export { srcset, type SrcsetOptions } from './srcset.ts'
export { type SrOptions, srUrl, type SrUrlOptions } from './url.ts'
