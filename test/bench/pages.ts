// `npm run bench -- pages`: whole pages of new pictures at once, with a deploy's defaults in one isolate of workerd; a
// visitor who opens a page beside others who ask for the dearest pictures again and again; and many visitors at once, of
// whose work the isolate's peak memory is measured. Fails if the peak exceeds MAX_ISOLATE_BYTES.
import { setTimeout as sleep } from 'node:timers/promises'
import { dearestPictures, heavyPictures, largePictures, type Shown, smallPictures } from '../support/load/pictures.ts'
import { type Answer, countOutcomes, startLoadedSite } from '../support/load/site.ts'
import { describePeak, type Peak } from '../support/measure/peak.ts'
import { setup } from '../support/worker/build.ts'
import type { Table } from './compare.ts'

/** Most memory of an isolate, which may have 128 MB. */
const MAX_ISOLATE_BYTES = 110e6
const BROWSER_CONNECTIONS = 6
/** How long visitors and attackers ask, and with `--quick`. */
const LOAD_MS = 60_000
const QUICK_LOAD_MS = 10_000
const VISITORS = 16
/** Time between two requests of a visitor who opens a page, and of an attacker. */
const VISIT_EVERY_MS = 700
const ATTACK_EVERY_MS = 1000
/** How long an attack lasts before the visitor comes. */
const HEAD_START_MS = 2500

export async function benchPages({ isQuick }: { readonly isQuick: boolean }): Promise<Table[]> {
  await setup()
  const loadMs = isQuick ? QUICK_LOAD_MS : LOAD_MS
  const table = (title: string, notes: string[]): Table => ({ title, rounds: 1, rows: [], notes })
  return [
    table('pages of new pictures', await benchWholePages()),
    table('new pictures beside visitors who ask for the dearest ones', await benchAttacks(loadMs)),
    table(`${VISITORS} visitors at once, ${loadMs / 1000} s`, await benchVisitors(loadMs)),
  ]
}

async function benchWholePages(): Promise<string[]> {
  const notes: string[] = []
  for (const count of [12, 24, 48]) {
    for (const connections of [Infinity, BROWSER_CONNECTIONS]) {
      notes.push(await benchPage(`${count} of 480x320`, await smallPictures(count), connections))
    }
  }
  const mixed = [...(await largePictures()), ...(await smallPictures(48))]
  notes.push(await benchPage('a 25 MP result, six 4 MB PNGs, 48', mixed, Infinity))
  notes.push(await benchPage('48, six 4 MB PNGs, a 25 MP result', mixed.toReversed(), Infinity))
  return notes
}

/** Opens a page in a fresh isolate, and once more. */
async function benchPage(title: string, page: readonly Shown[], connections: number): Promise<string> {
  const site = await startLoadedSite()
  for (const [i, { bytes }] of page.entries()) site.origin.serve(`/${i}`, bytes, { 'cache-control': 'max-age=600' })
  const open = async () => {
    const answers: Answer[] = []
    let next = 0
    const load = async () => {
      for (let i = next++; i < page.length; i = next++)
        answers.push(await site.get(`/${i}?${page[i].query}`, '192.0.2.1'))
    }
    await Promise.all(Array.from({ length: Math.min(connections, page.length) }, load))
    return answers
  }
  const first = open()
  const peak = await site.peakDuring(first)
  const answers = await first
  const again = await open()
  await site.close()
  const how = connections === Infinity ? 'all at once' : `${connections} at a time`
  const last = Math.max(...answers.map(({ ms }) => ms))
  return `${title}, ${how}: ${describe(answers, peak)}; last ${seconds(last)}; then ${countOutcomes(again)}`
}

async function benchAttacks(loadMs: number): Promise<string[]> {
  const dearest = await dearestPictures()
  const one = ['192.0.2.1']
  const sixteen = Array.from({ length: VISITORS }, (_, i) => `198.51.100.${i}`)
  const attacks: { title: string; attackers: readonly string[]; visitor?: string; leaveMs?: number }[] = [
    { title: 'nobody else', attackers: [] },
    { title: 'one address, leaves after 0.3 s', attackers: one, leaveMs: 300 },
    { title: '16 addresses', attackers: sixteen },
    { title: 'one address that the visitor shares', attackers: one, visitor: one[0] },
  ]
  const notes: string[] = []
  for (const { title, attackers, visitor = '192.0.2.2', leaveMs } of attacks) {
    const site = await startLoadedSite()
    const small = await smallPictures(Math.ceil(loadMs / VISIT_EVERY_MS))
    const endsAt = performance.now() + loadMs
    const attack = async () => {
      for (let i = 0; attackers.length > 0 && performance.now() < endsAt; i++) {
        void site.ask(dearest[i % dearest.length], attackers[i % attackers.length], leaveMs)
        await sleep(ATTACK_EVERY_MS)
      }
    }
    const answers: Answer[] = []
    const visit = async () => {
      await sleep(HEAD_START_MS)
      for (const shown of small) {
        if (performance.now() > endsAt) break
        answers.push(await site.ask(shown, visitor))
        await sleep(VISIT_EVERY_MS)
      }
    }
    const peak = await site.peakDuring(Promise.all([attack(), visit()]))
    await site.close()
    notes.push(`${title}: ${describe(answers, peak)}`)
  }
  return notes
}

async function benchVisitors(loadMs: number): Promise<string[]> {
  const notes: string[] = []
  for (const [title, shown] of await heavyPictures()) {
    const site = await startLoadedSite()
    const endsAt = performance.now() + loadMs
    const answers: Answer[] = []
    const visit = async (visitor: number) => {
      for (let i = visitor; performance.now() < endsAt; i++) {
        answers.push(await site.ask(shown[i % shown.length], `198.51.100.${visitor}`))
      }
    }
    const peak = await site.peakDuring(Promise.all(Array.from({ length: VISITORS }, (_, i) => visit(i))))
    await site.close()
    const sizes = shown.map(({ bytes }) => (bytes.length / 1e6).toFixed(1)).join(', ')
    const isTooHigh = peak.isolate > MAX_ISOLATE_BYTES
    if (isTooHigh) process.exitCode = 1
    notes.push(`${title} (${sizes} MB): ${describe(answers, peak)}${isTooHigh ? ', TOO HIGH' : ''}`)
  }
  return notes
}

function describe(answers: readonly Answer[], peak: Peak): string {
  const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return `${countOutcomes(answers)}; median ${seconds(sorted[sorted.length >> 1])}; MB: ${describePeak('', peak).trim()}`
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
