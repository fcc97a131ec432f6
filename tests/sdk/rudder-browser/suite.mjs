// RudderStack's SDK for browsers (@rudderstack/analytics-js) in a headless Chromium, one request for each event and by
// beacon: it starts with what this server serves it, every call arrives, finds its person, and survives failures.

import { checkGivenUp } from '../failures.mjs'
import { FAULTS, REFUSALS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, WRITE_KEY, copiesOf, eventually, gained, onceEach, total } from '../rapport.mjs'
import { openSite } from '../browser/site.mjs'
import { checkKnown } from '../story.mjs'

const EVENTS_PER_FAULT = 6
const REQUESTS_THAT_FAIL = 2
const ARRIVED_WITHIN_MS = 40_000
/** Long enough for the SDK to have tried again, had it wanted to. */
const NOT_AGAIN_MS = 3_000

const QUICKLY = { queueOptions: { minRetryDelay: 200, maxRetryDelay: 2_000 } }
const BY_BEACON = { useBeacon: true, beaconQueueOptions: { maxItems: 3, flushQueueInterval: 300 } }

const checks = new Checks()

/** In the page: every kind of call of a visitor who becomes known; the visitor's id. */
function story({ user, company }) {
  const { rudder } = window
  const anonymous = rudder.getAnonymousId()
  rudder.page('shop', 'Milk', { shelf: 3 })
  rudder.track('Product Viewed', { price: 1.25 })
  rudder.identify(user, { firstName: 'Ada', email: `${user}@example.com` })
  rudder.alias(user, anonymous)
  rudder.group(company, { name: 'Dairy' })
  rudder.track('Order Completed', { revenue: 9.99, products: [{ sku: 'a' }] })
  return anonymous
}

/** In the page: a known person's events. */
function many({ user, count }) {
  window.rudder.identify(user)
  for (let number = 0; number < count; number += 1) window.rudder.track('Tried', { number })
}

async function start(page, rapport, dataPlane, options) {
  const given = [WRITE_KEY, dataPlane, { configUrl: rapport.url, ...QUICKLY, ...options }]
  await page.evaluate(([key, url, settings]) => window.start(key, url, settings), given)
}

async function everyCall(site, rapport, name, options) {
  console.log(`every kind of call: ${name}`)
  const [user, company] = [`user-${name}`, `company-${name}`]
  const page = await site.visit()
  await start(page, rapport, rapport.url, options)
  const anonymous = await page.evaluate(story, { user, company })
  const kinds = ['alias', 'group', 'identify', 'page', 'track', 'track']
  const timeline = await rapport.arrived(`${name}: all calls arrive`, user, kinds.length)
  checks.equal(`${name}: each call is there once, of its kind`, timeline.map((entry) => entry.type).sort(), kinds)
  checks.equal(`${name}: no message id is there twice`, copiesOf(timeline).filter(([, copies]) => copies > 1), [])
  const viewed = timeline.find((entry) => entry.event === 'Product Viewed')
  checks.equal(`${name}: a track kept its properties`, viewed?.properties.price, 1.25)
  const off = Math.max(...timeline.map((entry) => Math.abs(Date.now() - Date.parse(entry.timestamp))))
  checks.that(`${name}: no clock was moved`, off < 60_000, `${off} ms`)
  await checkKnown(rapport, checks, { userId: user, anonymousId: anonymous, name })
  await page.context().close()
}

async function failure(site, rapport, fault) {
  const proxy = await startProxy(rapport.url)
  const page = await site.visit()
  await start(page, rapport, proxy.url, {})
  proxy.fail(fault, REQUESTS_THAT_FAIL)
  await page.evaluate(many, { user: fault, count: EVENTS_PER_FAULT })
  const reached = () => Object.keys(proxy.seen().copies).length
  const wanted = EVENTS_PER_FAULT + 1
  await eventually(`${fault}: all events reach the server`, () => reached() >= wanted, ARRIVED_WITHIN_MS, () => proxy.seen())
  const isDoubled = fault.endsWith('after')
  const again = () => proxy.seen().sent >= wanted + (isDoubled ? REQUESTS_THAT_FAIL : 0)
  await eventually(`${fault}: what was lost is sent again`, again, ARRIVED_WITHIN_MS, () => proxy.seen())
  return { fault, proxy, isDoubled, page, ids: Object.keys(proxy.seen().copies) }
}

async function failures(site, rapport) {
  console.log(`failures: the first ${REQUESTS_THAT_FAIL} requests`)
  const before = await rapport.outcomes()
  // Each waits most of its time for the SDK to try again, so they wait together.
  const runs = await Promise.all(FAULTS.map((fault) => failure(site, rapport, fault)))
  const sent = runs.reduce((sum, run) => sum + run.proxy.seen().sent, 0)
  const after = await rapport.folded(total(before) + sent)
  const stored = runs.length * (EVENTS_PER_FAULT + 1)
  for (const { fault, proxy, isDoubled, page, ids } of runs) {
    checks.equal(`${fault}: the requests did fail`, proxy.seen().failed, REQUESTS_THAT_FAIL)
    checks.equal(`${fault}: events came twice if an answer was lost`, proxy.seen().sent > EVENTS_PER_FAULT + 1, isDoubled)
    checks.equal(`${fault}: each event is stored once`, copiesOf(await rapport.timeline('user_id', fault)), onceEach(ids))
    await page.context().close()
    proxy.stop()
  }
  checks.equal('the outcomes say so', gained(before, after), [stored, sent - stored])
}

/** What is refused for good is given up by the SDK's design, and nothing else is. */
async function refusal(site, rapport, fault) {
  const user = `refused-${fault}`
  const proxy = await startProxy(rapport.url)
  const page = await site.visit()
  await start(page, rapport, proxy.url, {})
  proxy.fail(fault, 1)
  await page.evaluate(many, { user, count: EVENTS_PER_FAULT })
  const gone = () => proxy.seen().sent + Object.keys(proxy.seen().lost).length
  await eventually(`${fault}: every event is sent`, () => gone() > EVENTS_PER_FAULT, ARRIVED_WITHIN_MS, () => proxy.seen())
  await page.waitForTimeout(NOT_AGAIN_MS)
  const seen = proxy.seen()
  checkGivenUp(checks, fault, seen, await rapport.arrived(`${fault}: the others are stored`, user, seen.sent))
  checks.equal(`${fault}: nothing else is lost`, [Object.keys(seen.lost).length, seen.sent], [1, EVENTS_PER_FAULT])
  await page.context().close()
  proxy.stop()
}

async function leavingThePage(site, rapport) {
  console.log('a visitor leaves with events still waiting, by beacon')
  const user = 'user-leaving'
  const page = await site.visit()
  await start(page, rapport, rapport.url, { useBeacon: true, beaconQueueOptions: { maxItems: 100, flushQueueInterval: 60_000 } })
  await page.evaluate(many, { user, count: 5 })
  await page.goto(page.url().replace('page.html', 'other.html'))
  const timeline = await rapport.arrived('what was waiting arrives', user, 6)
  checks.equal('what was waiting arrives once', copiesOf(timeline).map(([, copies]) => copies), [1, 1, 1, 1, 1, 1])
  await page.context().close()
}

const rapport = await Rapport.start()
const site = await openSite(new URL('page.js', import.meta.url))
await everyCall(site, rapport, 'single', {})
await everyCall(site, rapport, 'beacon', BY_BEACON)
await leavingThePage(site, rapport)
await failures(site, rapport)
// A beacon has no answer that its sender could read: what becomes of it is the same whatever it says.
console.log('the first request is refused')
await Promise.all(REFUSALS.map((fault) => refusal(site, rapport, fault)))
checks.equal('nothing went anywhere else', site.outside, [])
await site.close()
rapport.kill()
checks.finish()
