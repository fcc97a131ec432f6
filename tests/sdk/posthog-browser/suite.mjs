// PostHog's SDK for browsers (posthog-js) in a headless Chromium: it starts with what this server tells it, every call
// arrives, finds its person, and survives failures.

import { FAULTS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, WRITE_KEY, copiesOf, eventually, onceEach } from '../rapport.mjs'
import { openSite } from '../browser/site.mjs'

const ARRIVED_WITHIN_MS = 60_000

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
  let timeline
  const arrived = async () => (timeline = await rapport.timeline('user_id', user)).length >= kinds.length
  await eventually(`${name}: all calls arrive`, arrived, ARRIVED_WITHIN_MS, () => timeline)
  checks.equal(`${name}: each call is there once, as its kind`, timeline.map((entry) => entry.type).sort(), kinds)
  checks.equal(`${name}: no message id is there twice`, copiesOf(timeline).filter(([, copies]) => copies > 1), [])
  const viewed = timeline.find((entry) => entry.event === 'Product Viewed')
  checks.equal(`${name}: a capture kept its properties`, viewed?.properties.price, 1.25)
  checks.that(`${name}: the token is not kept`, !JSON.stringify(timeline).includes(WRITE_KEY))
  const off = Math.max(...timeline.map((entry) => Math.abs(Date.now() - Date.parse(entry.timestamp))))
  checks.that(`${name}: no clock was moved`, off < 60_000, `${off} ms`)
  const known = await rapport.profile('user_id', user)
  const anonymous = await rapport.profile('anonymous_id', visitor)
  checks.equal(`${name}: the visitor is the known person`, anonymous?.id, known?.id)
  checks.equal(`${name}: person properties are attributes`, [known.attributes.firstName, known.attributes.cameBy], ['Ada', 'ad'])
  const described = await rapport.ask(`/companies/${company}`)
  checks.equal(`${name}: the company is described`, described?.attributes.name, 'Dairy')
  await page.context().close()
}

/** A 429 makes this SDK drop the events by its design; this server never answers its calls with one. */
const SENT_AGAIN = FAULTS.filter((fault) => fault !== '429-before')

async function failure(site, rapport, fault) {
  const proxy = await startProxy(rapport.url)
  const page = await site.visit()
  await page.evaluate(([token, host]) => window.start(token, host, { disable_compression: true }), [WRITE_KEY, proxy.url])
  proxy.fail(fault, 1)
  await page.evaluate((user) => {
    window.posthog.identify(user)
    for (let number = 0; number < 3; number += 1) window.posthog.capture('Tried', { number })
  }, fault)
  let timeline
  const arrived = async () => (timeline = await rapport.timeline('user_id', fault)).length >= 4
  await eventually(`${fault}: all events are stored`, arrived, ARRIVED_WITHIN_MS, () => proxy.seen())
  const ids = Object.keys(proxy.seen().copies)
  checks.equal(`${fault}: the request did fail`, proxy.seen().failed, 1)
  checks.equal(`${fault}: each event is stored once`, copiesOf(timeline), onceEach(ids))
  await page.context().close()
  proxy.stop()
}

const rapport = await Rapport.start()
const site = await openSite(new URL('page.js', import.meta.url))
await everyCall(site, rapport, 'compressed', {})
await everyCall(site, rapport, 'plain', { disable_compression: true })
console.log('failures: the first request')
await Promise.all(SENT_AGAIN.map((fault) => failure(site, rapport, fault)))
checks.equal('nothing went anywhere else', site.outside, [])
await site.close()
rapport.kill()
checks.finish()
