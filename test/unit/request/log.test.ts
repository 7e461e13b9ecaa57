import { afterEach, expect, test, vi } from 'vitest'
import { logAnswer } from '../../../worker/request/log.ts'

afterEach(() => void vi.restoreAllMocks())

const URL_ASKED = 'https://img.example/cat.jpg?token=secret'
const answer = (sr: string | undefined, cache?: string, status = 200) =>
  new Response(null, {
    status,
    headers: { 'content-type': 'image/png', ...(sr && { 'x-sr': sr }), ...(cache && { 'cache-status': cache }) },
  })

function pointsOf(...responses: Response[]) {
  const points: AnalyticsEngineDataPoint[] = []
  const dataset = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) }
  for (const response of responses) logAnswer(response, URL_ASKED, dataset)
  return points
}

test('each response adds a data point with its outcome, reason, model, cache status and content type', () => {
  vi.spyOn(console, 'info').mockImplementation(() => {})
  const points = pointsOf(
    answer('done; scale=3; model="fast@a7c275b7"; engine=fused-relaxed', 'edge-srcnn; hit; detail=r2'),
    answer('done; scale=2; model="bicubic"', 'edge-srcnn; fwd=miss; stored'),
    answer('skipped; reason=BUSY'),
    answer(undefined, undefined, 400),
  )
  expect(points.map(({ blobs }) => blobs)).toEqual([
    ['done', '', 'fast', 'hit', 'image/png'],
    ['done', '', 'bicubic', 'fwd=miss', 'image/png'],
    ['skipped', 'BUSY', '', '', 'image/png'],
    ['refused', '400', '', '', 'image/png'],
  ])
})

test('a picture that comes back unchanged is logged in one line, without the query of its URL', () => {
  const lines: string[] = []
  vi.spyOn(console, 'info').mockImplementation((line: string) => void lines.push(line))
  pointsOf(answer('skipped; reason=DAMAGED'), answer('done; scale=2; model="bicubic"'))
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { sr: 'skipped', reason: 'DAMAGED', status: 200, url: 'https://img.example/cat.jpg' },
  ])
})

test('a dataset that throws does not fail the request', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const failing = {
    writeDataPoint: () => {
      throw new Error('full')
    },
  }
  logAnswer(answer('done; scale=2; model="bicubic"'), URL_ASKED, failing)
  expect(warn).toHaveBeenCalledOnce()
})
