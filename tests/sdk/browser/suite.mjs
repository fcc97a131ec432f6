// Segment's SDK for browsers (@segment/analytics-next) in a headless Chromium: from npm and by the classic snippet, one
// request for each event and in batches; every call arrives, finds its person, and survives failures.

import { checkGivenUp } from '../failures.mjs'
import { FAULTS, REFUSALS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, WRITE_KEY, copiesOf, eventually, gained, onceEach, total } from '../rapport.mjs'
import { checkKnown } from '../story.mjs'
import { openSite } from './site.mjs'

const EVENTS_PER_FAULT = 6
const REQUESTS_THAT_FAIL = 2
const ARRIVED_WITHIN_MS = 40_000
/** Long enough for the SDK to have tried again, had it wanted to. */
const NOT_AGAIN_MS = 3_000

const DELIVERIES = {
  single: {},
  batching: { deliveryStrategy: { strategy: 'batching', config: { size: 3, timeout: 300 } } },
}

const checks = new Checks()

/** In the page: every kind of call of a visitor who becomes known; the message ids and the anonymous id. */
async function story({ user, company }) {
  const ids = []
  const note = (context) => ids.push(context.event.messageId)
  const anonymous = (await window.analytics.user()).anonymousId()
  note(await window.analytics.page('shop', 'Milk', { shelf: 3 }))
  note(await window.analytics.track('Product Viewed', { price: 1.25 }))
  note(await window.analytics.identify(user, { firstName: 'Ada', email: `${user}@example.com` }))
  note(await window.analytics.alias(user, anonymous))
  note(await window.analytics.group(company, { name: 'Dairy' }))
  note(await window.analytics.screen('app', 'Basket', {}))
  note(await window.analytics.track('Order Completed', { revenue: 9.99, products: [{ sku: 'a' }] }))
  return { ids, anonymous }
}

/** In the page: a known person's events. */
async function many({ user, count }) {
  await window.analytics.ready()
  ;(await window.analytics.user()).id(user)
  const calls = Array.from({ length: count }, (_, number) => window.analytics.track('Tried', { number }))
  return (await Promise.all(calls)).map((context) => context.event.messageId)
}

async function start(page, cdn, segment) {
  const given = [WRITE_KEY, cdn, { integrations: { 'Segment.io': segment } }]
  await page.evaluate(([key, url, options]) => window.start(key, url, options), given)
}

async function everyCall(site, rapport, way, delivery) {
  const name = `${way}, ${delivery}`
  console.log(`every kind of call: ${name}`)
  const [user, company] = [`user-${way}-${delivery}`, `company-${way}-${delivery}`]
  const page = await site.visit(way)
  // Without an apiHost here, the settings that Rapport serves are what points the events at it.
  await start(page, rapport.url, DELIVERIES[delivery])
  const { ids, anonymous } = await page.evaluate(story, { user, company })
  const early = way === 'snippet' ? 1 : 0
  const timeline = await rapport.arrived(`${name}: all calls arrive`, user, ids.length + early)
  const later = timeline.filter((entry) => entry.event !== 'Called Early')
  checks.equal(`${name}: each call is in the known profile's timeline once`, copiesOf(later), onceEach(ids))
  checks.equal(`${name}: what was called before the SDK came is kept`, timeline.length - later.length, early)
  const found = (id) => timeline.find((entry) => entry.message_id === id) ?? {}
  const kinds = ['page', 'track', 'identify', 'alias', 'group', 'screen', 'track']
  checks.equal(`${name}: each call kept its kind`, ids.map((id) => found(id).type), kinds)
  checks.equal(`${name}: a track kept its event`, found(ids[1]).event, 'Product Viewed')
  checks.equal(`${name}: a track kept its properties`, found(ids[1]).properties, { price: 1.25 })
  await checkKnown(rapport, checks, { userId: user, anonymousId: anonymous, name })
  await page.context().close()
}

async function failure(site, rapport, fault, delivery) {
  const name = `${fault}, ${delivery}`
  const user = `${fault}-${delivery}`
  const proxy = await startProxy(rapport.url)
  proxy.fail(fault, REQUESTS_THAT_FAIL)
  const page = await site.visit('npm')
  const apiHost = `${new URL(proxy.url).host}/v1`
  await start(page, rapport.url, { ...DELIVERIES[delivery], apiHost, protocol: 'http' })
  const sending = page.evaluate(many, { user, count: EVENTS_PER_FAULT })
  const reached = () => Object.keys(proxy.seen().copies).length
  await eventually(`${name}: all events reach the server`, () => reached() >= EVENTS_PER_FAULT, ARRIVED_WITHIN_MS, () => proxy.seen())
  const ids = await sending
  await rapport.arrived(`${name}: all events are stored`, user, EVENTS_PER_FAULT)
  // What an answer was lost for comes again; only then has every copy reached the server.
  const isDoubled = fault.endsWith('after')
  const again = () => proxy.seen().sent > EVENTS_PER_FAULT
  if (isDoubled) await eventually(`${name}: events come again`, again, ARRIVED_WITHIN_MS)
  await page.context().close()
  return { name, user, ids, proxy, isDoubled }
}

async function failures(site, rapport) {
  console.log(`the first ${REQUESTS_THAT_FAIL} requests fail`)
  const before = await rapport.outcomes()
  const runs = []
  for (const delivery of Object.keys(DELIVERIES)) {
    // Each waits most of its time for the SDK to try again, so they wait together.
    runs.push(...(await Promise.all(FAULTS.map((fault) => failure(site, rapport, fault, delivery)))))
  }
  const sent = runs.reduce((sum, run) => sum + run.proxy.seen().sent, 0)
  const stored = runs.length * EVENTS_PER_FAULT
  const after = await rapport.folded(total(before) + sent)
  for (const { name, user, ids, proxy, isDoubled } of runs) {
    checks.equal(`${name}: the requests did fail`, proxy.seen().failed, REQUESTS_THAT_FAIL)
    checks.equal(`${name}: events came twice if an answer was lost`, proxy.seen().sent > EVENTS_PER_FAULT, isDoubled)
    checks.equal(`${name}: each event is stored once`, copiesOf(await rapport.timeline('user_id', user)), onceEach(ids))
    proxy.stop()
  }
  checks.equal('the outcomes say so', gained(before, after), [stored, sent - stored])
}

/** What is refused for good is given up by the SDK's design, and nothing else is. */
async function refusal(site, rapport, fault, delivery) {
  const name = `${fault}, ${delivery}`
  const user = `refused-${fault}-${delivery}`
  const proxy = await startProxy(rapport.url)
  proxy.fail(fault, 1)
  const page = await site.visit('npm')
  const apiHost = `${new URL(proxy.url).host}/v1`
  await start(page, rapport.url, { ...DELIVERIES[delivery], apiHost, protocol: 'http' })
  const sending = page.evaluate(many, { user, count: EVENTS_PER_FAULT })
  const gone = () => proxy.seen().sent + Object.keys(proxy.seen().lost).length
  await eventually(`${name}: every event is sent`, () => gone() >= EVENTS_PER_FAULT, ARRIVED_WITHIN_MS, () => proxy.seen())
  const ids = await sending
  await page.waitForTimeout(NOT_AGAIN_MS)
  const seen = proxy.seen()
  checkGivenUp(checks, name, seen, await rapport.arrived(`${name}: the others are stored`, user, seen.sent))
  checks.equal(`${name}: nothing else is lost`, [...Object.keys(seen.copies), ...Object.keys(seen.lost)].sort(), ids.sort())
  await page.context().close()
  proxy.stop()
}

async function leavingThePage(site, rapport) {
  console.log('a visitor leaves with events still waiting')
  const user = 'user-leaving'
  const page = await site.visit('npm')
  const waiting = { deliveryStrategy: { strategy: 'batching', config: { size: 100, timeout: 60_000 } } }
  await start(page, rapport.url, waiting)
  const ids = await page.evaluate(many, { user, count: 5 })
  await page.goto(page.url().replace('npm.html', 'other.html'))
  const timeline = await rapport.arrived('what was waiting arrives', user, ids.length)
  checks.equal('what was waiting arrives once', copiesOf(timeline), onceEach(ids))
  await page.context().close()
}

const rapport = await Rapport.start()
const site = await openSite()
for (const way of ['npm', 'snippet']) {
  for (const delivery of Object.keys(DELIVERIES)) await everyCall(site, rapport, way, delivery)
}
await leavingThePage(site, rapport)
await failures(site, rapport)
console.log('the first request is refused')
for (const delivery of Object.keys(DELIVERIES)) {
  await Promise.all(REFUSALS.map((fault) => refusal(site, rapport, fault, delivery)))
}
checks.equal('nothing went anywhere else', site.outside, [])
await site.close()
rapport.kill()
checks.finish()
