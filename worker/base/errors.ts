// The one error type of the request path: a code for machines, a message for the caller, a cause
// for the log. Thrown deep, answered once (middleware.ts).

/** Every code, with the status it is answered with. */
export const ERROR_STATUS = {
  SCALE_UNSUPPORTED: 400,
  SIZE_UNSUPPORTED: 400,
  PARAM_UNKNOWN: 400,
  PARAM_DUPLICATE: 400,
  FORMAT_UNSUPPORTED: 400,
  QUALITY_UNSUPPORTED: 400,
  MODEL_UNKNOWN: 400,
  SIGNATURE_MISSING: 403,
  SIGNATURE_WRONG: 403,
  SIGNATURE_EXPIRED: 403,
  PURGE_REQUEST: 400,
  PURGE_TOKEN: 401,
  PURGE_FAILED: 502,
  ORIGIN_UNREACHABLE: 502,
  ORIGIN_TIMEOUT: 504,
  ORIGIN_LOOP: 508,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export class SrError extends Error {
  override readonly name = 'SrError'
  readonly code: ErrorCode
  readonly status: number

  /** `message` is shown to the caller: it says what was expected and holds nothing private. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = ERROR_STATUS[code]
  }

  /** Never cached, by anyone. */
  toResponse(): Response {
    return Response.json(
      { error: { code: this.code, message: this.message } },
      { status: this.status, headers: { 'cache-control': 'no-store', ...SAFE_HEADERS } },
    )
  }
}

/** On everything that we make ourselves: the type we state is the type it is, and nothing in it runs. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
} as const

/** A configuration that cannot work; thrown at start, never at a request. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
