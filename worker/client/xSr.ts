// The header `X-SR`: what became of a picture. A structured field (RFC 9651): a token with parameters, such as
// `done; scale=3; model="fast@1a2b3c4d"; engine=fused-relaxed` or `skipped; reason=ANIMATED`.
// An answer that is an error of the worker's own has no `X-SR`.

export type XSr = XSrDone | XSrSkipped

/** The answer is a result. */
export interface XSrDone {
  readonly outcome: 'done'
  /** 1 to 4: by how much the picture was enlarged before it was shrunk to `size`. */
  readonly scale: number
  /** The result's size in pixels, if the request asked for one instead of a scale. */
  readonly size?: { readonly width: number; readonly height: number }
  /** `fast@1a2b3c4d` or `bicubic`, see labelOf. Undefined only in what was parsed, if the header names none. */
  readonly model?: string
  /** The engine that ran the network, such as `fused-relaxed` or `ort`; undefined for bicubic. */
  readonly engine?: string
}

/** The answer is the original picture. */
export interface XSrSkipped {
  readonly outcome: 'skipped'
  /** A key of SKIP_REASONS; a worker of another version may have others. */
  readonly reason: string
}

/** Returns the header's value. */
export function formatXSr(xSr: XSr): string {
  if (xSr.outcome === 'skipped') return `skipped; reason=${xSr.reason}`
  const { scale, size, model, engine } = xSr
  return [
    `done; scale=${scale}`,
    ...(size ? [`width=${size.width}`, `height=${size.height}`] : []),
    ...(model === undefined ? [] : [`model="${model}"`]),
    ...(engine === undefined ? [] : [`engine=${engine}`]),
  ].join('; ')
}

const PARAMETER = '; *([a-z][\\w-]*)=(?:"([^"\\\\]*)"|([\\w*./:-]+))'
const PARAMETERS = new RegExp(PARAMETER, 'g')
const FIELD = new RegExp(`^(done|skipped)((?:${PARAMETER})*)$`)

/** Parses the header's value; undefined for null and for a value that this worker does not write. */
export function parseXSr(value: string | null): XSr | undefined {
  const [, outcome, rest] = FIELD.exec(value ?? '') ?? []
  if (outcome === undefined) return undefined
  const given = new Map<string, string>()
  for (const [, name, quoted, plain] of rest.matchAll(PARAMETERS)) given.set(name, quoted ?? plain)
  if (outcome === 'skipped') {
    const reason = given.get('reason')
    return reason === undefined ? undefined : { outcome, reason }
  }
  const [scale, width, height] = ['scale', 'width', 'height'].map((name) => wholeNumber(given.get(name)))
  if (scale === undefined) return undefined
  return {
    outcome: 'done',
    scale,
    size: width === undefined || height === undefined ? undefined : { width, height },
    model: given.get('model'),
    engine: given.get('engine'),
  }
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
