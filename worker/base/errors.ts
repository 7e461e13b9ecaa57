// The one error type of the request path: a code for machines, a message for the caller, a cause for the log. Any code
// may throw it; only middleware.ts turns it into a response.

/** Every error code, with the HTTP status of its response. */
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

  /** The caller sees `message`, so it says what was expected and contains nothing private. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = ERROR_STATUS[code]
  }

  /** Returns the error as a JSON response that no cache may keep. */
  toResponse(): Response {
    return Response.json(
      { error: { code: this.code, message: this.message } },
      { status: this.status, headers: { 'cache-control': 'no-store', ...SAFE_HEADERS } },
    )
  }
}

/**
 * Headers of every response that we make ourselves. With them a browser trusts the media type that the response states,
 * and runs no script in the response.
 */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
} as const

/**
 * Headers of an SVG that is passed on. Opened as a page, it looks as it does without us: with its styles, and with the
 * pictures and fonts that it contains. It still runs no script and fetches nothing.
 */
export const SAFE_SVG_HEADERS = {
  ...SAFE_HEADERS,
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox",
} as const

/** An error in the configuration. It is thrown at start, never during a request. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Quotes a visitor's text for an error message: escaped, and cut to 40 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

/**
 * Frees what the functions in an error's stack refer to. V8 keeps it until somebody reads the stack, and Workers keep the
 * error of a stream that broke off for as long as the isolate lives.
 */
export function freeStack(error: unknown): void {
  if (error instanceof Error) void error.stack
}
