// Shows facts about a picture and its result as text.
import { SKIP_REASONS, type SkipReason } from '../picture/skip.ts'
import type { Closeness } from './messages.ts'

export interface Facts {
  readonly before?: { readonly width: number; readonly height: number; readonly type: string; readonly bytes: number }
  readonly after?: Facts['before']
  readonly how?: string
  readonly where?: string
  readonly ms?: number
  readonly cache?: string
  readonly bicubic?: Closeness
  readonly network?: Closeness
}

const NONE = '–'

/** Writes each fact into the element whose `data-fact` attribute names it. Unknown facts become dashes. */
export function showFacts(root: HTMLElement, facts: Facts): void {
  const values = {
    before: pictureText(facts.before),
    after: pictureText(facts.after),
    how: facts.how,
    where: facts.where,
    time: facts.ms === undefined ? undefined : timeText(facts.ms),
    cache: facts.cache,
    'bicubic-psnr': facts.bicubic && psnrText(facts.bicubic.psnr),
    'bicubic-ssim': facts.bicubic?.ssim.toFixed(4),
    'network-psnr': facts.network && psnrText(facts.network.psnr),
    'network-ssim': facts.network?.ssim.toFixed(4),
  }
  for (const [name, value] of Object.entries(values)) {
    root.querySelector(`[data-fact="${name}"]`)!.textContent = value ?? NONE
  }
}

function pictureText(picture: Facts['before']): string | undefined {
  if (!picture) return undefined
  const { width, height, type, bytes } = picture
  return `${width} × ${height}, ${NAMES[type] ?? type.toUpperCase()}, ${bytesText(bytes)}`
}

const NAMES: Readonly<Partial<Record<string, string>>> = { jpeg: 'JPEG', webp: 'WebP' }

/** Formats a file size like `43.9 kB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`
}

export function timeText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}

function psnrText(psnr: number): string {
  return Number.isFinite(psnr) ? `${psnr.toFixed(2)} dB` : 'equal'
}

/** Describes the header Cache-Status in words. `status` is its value without the cache's name. */
export function cacheText(status: string | undefined): string | undefined {
  if (status === undefined) return undefined
  const detail = /detail=([\w-]+)/.exec(status)?.[1]
  if (status.startsWith('hit')) return detail ? `hit (${detail})` : 'hit'
  if (detail === 'stale-if-error') return 'kept, because the origin does not answer'
  if (status.includes('fwd-status=304')) return 'kept, unchanged at the origin'
  return status.includes('fwd=stale') ? 'made again, because it was out of date' : 'miss'
}

/** Returns the text for a reason in X-SR, or the reason itself if it is unknown. */
export function reasonText(reason: string): string {
  return SKIP_REASONS[reason as SkipReason] ?? reason
}
