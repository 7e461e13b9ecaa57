// The header `X-SR` says how a picture was enlarged, or why it was not. It is a structured field (RFC 9651), a token
// with parameters, such as `done; scale=3; model="fast@1a2b3c4d"; engine=fused-relaxed; quality=85`, `done; scale=3; asked=4; ...` or
// `skipped; reason=ANIMATED`.
// If the worker answers with an error of its own, the answer has no `X-SR`.

export type XSr = XSrDone | XSrSkipped

/** The header's value if the answer contains an enlarged picture. */
export interface XSrDone {
  readonly outcome: 'done'
  /**
   * Factor by which the picture was enlarged, 1 to 4. If `size` is given, the enlarged picture was then shrunk to that
   * size.
   */
  readonly scale: number
  /** The result's size in pixels, if the request asked for a size instead of a scale. */
  readonly size?: { readonly width: number; readonly height: number }
  /**
   * The scale or the size in pixels that the request asks for, if the result is smaller, because it is the largest that
   * is possible: `asked=4`, or `asked-width=1920`.
   */
  readonly asked?: AskedSize
  /** Label of the model (see labelOf): `fast@1a2b3c4d` or `bicubic`. Undefined if a parsed header names no model. */
  readonly model?: string
  /** The engine that ran the network, such as `fused-relaxed` or `ort`; undefined for bicubic. */
  readonly engine?: string
  /** The quality of a JPEG or WebP; undefined for PNG. It may be another than the request asks for. */
  readonly quality?: number
}

/** A scale, or the sides of a box in pixels. */
export interface AskedSize {
  readonly scale?: number
  readonly width?: number
  readonly height?: number
}

/** The header's value if the answer contains the original picture. */
export interface XSrSkipped {
  readonly outcome: 'skipped'
  /** A key of SKIP_REASONS, or an unknown reason if the header is from a worker of another version. */
  readonly reason: string
}

/** Formats the header's value. */
export function formatXSr(xSr: XSr): string {
  if (xSr.outcome === 'skipped') return `skipped; reason=${xSr.reason}`
  const { scale, size, asked, model, engine, quality } = xSr
  return [
    `done; scale=${scale}`,
    ...(size ? [`width=${size.width}`, `height=${size.height}`] : []),
    ...(asked?.scale === undefined ? [] : [`asked=${asked.scale}`]),
    ...(asked?.width === undefined ? [] : [`asked-width=${asked.width}`]),
    ...(asked?.height === undefined ? [] : [`asked-height=${asked.height}`]),
    ...(model === undefined ? [] : [`model="${model}"`]),
    ...(engine === undefined ? [] : [`engine=${engine}`]),
    ...(quality === undefined ? [] : [`quality=${quality}`]),
  ].join('; ')
}

/** Describes an asked size in words: `x4`, `1920 px wide` or `90 px wide and 60 px high`. */
export function describeAsked({ scale, width, height }: AskedSize): string {
  if (scale !== undefined) return `x${scale}`
  const sides = [width && `${width} px wide`, height && `${height} px high`]
  return sides.filter(Boolean).join(' and ')
}

const PARAMETER = '; *([a-z][\\w-]*)=(?:"([^"\\\\]*)"|([\\w*./:-]+))'
const PARAMETERS = new RegExp(PARAMETER, 'g')
const FIELD = new RegExp(`^(done|skipped)((?:${PARAMETER})*)$`)

/** Parses the header's value. Returns undefined for null and for a value of another form. */
export function parseXSr(value: string | null): XSr | undefined {
  const [, outcome, rest] = FIELD.exec(value ?? '') ?? []
  if (outcome === undefined) return undefined
  const given = new Map<string, string>()
  for (const [, name, quoted, plain] of rest.matchAll(PARAMETERS)) given.set(name, quoted ?? plain)
  if (outcome === 'skipped') {
    const reason = given.get('reason')
    return reason === undefined ? undefined : { outcome, reason }
  }
  const numberOf = (name: string) => wholeNumber(given.get(name))
  const [scale, width, height] = ['scale', 'width', 'height'].map(numberOf)
  if (scale === undefined) return undefined
  const asked = { scale: numberOf('asked'), width: numberOf('asked-width'), height: numberOf('asked-height') }
  const isAsked = Object.values(asked).some((side) => side !== undefined)
  return {
    outcome: 'done',
    scale,
    size: width === undefined || height === undefined ? undefined : { width, height },
    asked: isAsked ? asked : undefined,
    model: given.get('model'),
    engine: given.get('engine'),
    quality: numberOf('quality'),
  }
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
