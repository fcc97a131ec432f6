// PostHog's SDK for browsers (posthog-js) in a headless Chromium: it starts with what this server tells it, every call
// arrives, finds its person, and survives failures.

import { checkGivenUp } from '../failures.mjs'
import { FAULTS, REFUSALS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, WRITE_KEY, copiesOf, eventually, onceEach } from '../rapport.mjs'
import { openSite } from '../browser/site.mjs'
import { checkKnown } from '../story.mjs'

const ARRIVED_WITHIN_MS = 60_000
/** Longer than the SDK waits before it tries again for the first time. */
const NOT_AGAIN_MS = 10_000

const checks = new Checks()

/** In the page: a visitor who becomes known; the visitor's id. */
function story({ user, company }) {
  const { posthog } = window
  const visitor = posthog.get_distinct_id()
  posthog.capture('$pageview')
  posthog.capture('Product Viewed', { price: 1.25 })
  posthog.identify(user, { firstName: 'Ada', email: `${user}@example.com` }, { cameBy: 'ad' })
  posthog.group('company', company, { name: 'Dairy' })
  posthog.capture('Order Completed', { revenue: 9.99 })
  return visitor
}

async function everyCall(site, rapport, name, options) {
  console.log(`every kind of call: ${name}`)
  const [user, company] = [`user-${name}`, `company-${name}`]
  const page = await site.visit()
  const given = [WRITE_KEY, rapport.url, options]
  await page.evaluate(([token, host, more]) => window.start(token, host, more), given)
  const visitor = await page.evaluate(story, { user, company })
  const kinds = ['group', 'identify', 'page', 'track', 'track']
  const timeline = await rapport.arrived(`${name}: all calls arrive`, user, kinds.length)
  checks.equal(`${name}: each call is there once, as its kind`, timeline.map((entry) => entry.type).sort(), kinds)
  checks.equal(`${name}: no message id is there twice`, copiesOf(timeline).filter(([, copies]) => copies > 1), [])
  const viewed = timeline.find((entry) => entry.event === 'Product Viewed')
  checks.equal(`${name}: a capture kept its properties`, viewed?.properties.price, 1.25)
  checks.that(`${name}: the token is not kept`, !JSON.stringify(timeline).includes(WRITE_KEY))
  const off = Math.max(...timeline.map((entry) => Math.abs(Date.now() - Date.parse(entry.timestamp))))
  checks.that(`${name}: no clock was moved`, off < 60_000, `${off} ms`)
  const known = await checkKnown(rapport, checks, { userId: user, anonymousId: visitor, name })
  checks.equal(`${name}: a property set once is an attribute`, known.attributes.cameBy, 'ad')
  const described = await rapport.ask(`/companies/${company}`)
  checks.equal(`${name}: the company is described`, described?.attributes.name, 'Dairy')
  await page.context().close()
}

/** A 429 makes this SDK drop the events by its design; this server never answers its calls with one. */
const GIVEN_UP = ['429-before', ...REFUSALS]
const SENT_AGAIN = FAULTS.filter((fault) => !GIVEN_UP.includes(fault))

/** A page whose first request with events goes wrong, and which has sent some of a known person. */
async function failing(site, rapport, fault, user) {
  const proxy = await startProxy(rapport.url)
  const page = await site.visit()
  await page.evaluate(([token, host]) => window.start(token, host, { disable_compression: true }), [WRITE_KEY, proxy.url])
  proxy.fail(fault, 1)
  await page.evaluate((user) => {
    window.posthog.identify(user)
    for (let number = 0; number < 3; number += 1) window.posthog.capture('Tried', { number })
  }, user)
  return { proxy, page }
}

async function failure(site, rapport, fault) {
  const { proxy, page } = await failing(site, rapport, fault, fault)
  const timeline = await rapport.arrived(`${fault}: all events are stored`, fault, 4)
  const ids = Object.keys(proxy.seen().copies)
  checks.equal(`${fault}: the request did fail`, proxy.seen().failed, 1)
  checks.equal(`${fault}: each event is stored once`, copiesOf(timeline), onceEach(ids))
  await page.context().close()
  proxy.stop()
}

/** What is refused for good is given up by the SDK's design, and what comes later arrives. */
async function refusal(site, rapport, fault) {
  const user = `refused-${fault}`
  const { proxy, page } = await failing(site, rapport, fault, user)
  await eventually(`${fault}: a request is refused`, () => proxy.seen().failed === 1, ARRIVED_WITHIN_MS, () => proxy.seen())
  await page.evaluate(() => window.posthog.capture('Kept'))
  await page.waitForTimeout(NOT_AGAIN_MS)
  const seen = proxy.seen()
  const timeline = await rapport.arrived(`${fault}: the others are stored`, user, Math.max(seen.sent, 1))
  checkGivenUp(checks, fault, seen, timeline)
  checks.that(`${fault}: what comes later arrives`, timeline.some((entry) => entry.event === 'Kept'))
  checks.equal(`${fault}: nothing else is lost`, Object.keys(seen.lost).length + seen.sent, 5)
  await page.context().close()
  proxy.stop()
}

const rapport = await Rapport.start()
const site = await openSite(new URL('page.js', import.meta.url))
await everyCall(site, rapport, 'compressed', {})
await everyCall(site, rapport, 'plain', { disable_compression: true })
console.log('failures: the first request')
await Promise.all(SENT_AGAIN.map((fault) => failure(site, rapport, fault)))
console.log('the first request is refused')
await Promise.all(GIVEN_UP.map((fault) => refusal(site, rapport, fault)))
checks.equal('nothing went anywhere else', site.outside, [])
await site.close()
rapport.kill()
checks.finish()
