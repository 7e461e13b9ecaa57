// `edge-srcnn/client`: functions that write the URLs of sharper pictures, for pages, servers and builds.
export { type Format, FORMATS, type Scale, SCALES, SIZES } from './allowed.ts'
export { srcset, type SrcsetOptions } from './srcset.ts'
export { type SrOptions, srUrl, type SrUrlOptions } from './url.ts'
