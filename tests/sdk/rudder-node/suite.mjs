// RudderStack's SDK for Node (@rudderstack/rudder-sdk-node): every call arrives, finds its person, and survives failures.

import Analytics from '@rudderstack/rudder-sdk-node'

import { FAULTS, TOO_LARGE, startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf, eventually, gained, onceEach, total } from '../rapport.mjs'

const EVENTS_PER_FAULT = 30
const REQUESTS_THAT_FAIL = 2
const DONE_WITHIN_MS = 30_000

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(dataPlaneUrl, settings = {}) {
  const errors = []
  const errorHandler = (error) => void errors.push(error.response?.status ?? error.code ?? String(error))
  const client = new Analytics(SERVER_KEY, { dataPlaneUrl, flushInterval: 100, logLevel: 'silly', errorHandler, ...settings })
  client.logger = { debug() {}, info() {}, error() {}, warn() {} }
  const ids = []
  let told = 0
  const call = (name, message) => {
    const messageId = `rudder-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId }, () => void (told += 1))
  }
  // The SDK may have several batches on their way at once; it tells each event when its own is done.
  const done = async () => {
    const flushed = async () => (await client.flush(), told === ids.length)
    await eventually('every event is done with', flushed, DONE_WITHIN_MS, () => told)
  }
  return { call, ids, errors, done }
}

async function everyCallOfAVisitorWhoBecomesKnown(rapport, gzip) {
  console.log(`every kind of call, ${gzip ? 'compressed' : 'plain'}`)
  const [userId, anonymousId, groupId] = ['user', 'visitor', 'company'].map((kind) => `${kind}-${gzip}`)
  const before = await rapport.outcomes()
  const { call, ids, errors, done } = sdk(rapport.url, { gzip })
  const originalTimestamp = new Date('2024-05-01T12:30:00.250Z')
  call('page', { anonymousId, category: 'shop', name: 'Milk', properties: { path: '/milk' } })
  call('track', { anonymousId, event: 'Product Viewed', properties: { price: 1.25 }, originalTimestamp })
  call('identify', { userId, anonymousId, traits: { email: `${userId}@example.com`, firstName: 'Ada' } })
  call('alias', { userId, previousId: anonymousId })
  call('group', { userId, groupId, traits: { name: 'Dairy' } })
  call('screen', { userId, name: 'Basket' })
  call('track', { userId, event: 'Order Completed', properties: { revenue: 9.99 } })
  await done()
  checks.equal('the SDK met no error', errors, [])
  await rapport.folded(total(before) + ids.length)

  const timeline = await rapport.timeline('user_id', userId)
  checks.equal("each call is in the known profile's timeline once", copiesOf(timeline), onceEach(ids))
  const found = (id) => timeline.find((entry) => entry.message_id === id) ?? {}
  const kinds = ['page', 'track', 'identify', 'alias', 'group', 'screen', 'track']
  checks.equal('each call kept its kind', ids.map((id) => found(id).type), kinds)
  const isNear = Math.abs(Date.parse(found(ids[1]).timestamp) - originalTimestamp.getTime()) < 5_000
  checks.that('a track kept its time', isNear, String(found(ids[1]).timestamp))
  const known = await rapport.profile('user_id', userId)
  const anonymous = await rapport.profile('anonymous_id', anonymousId)
  checks.equal('the visitor is the known person', anonymous?.id, known?.id)
  checks.equal('the e-mail is an identifier', known.identifiers.email, [`${userId}@example.com`])
  checks.equal('a trait is an attribute', known.attributes.firstName, 'Ada')
}

async function failures(rapport) {
  const proxy = await startProxy(rapport.url)
  for (const fault of FAULTS) {
    console.log(`the first ${REQUESTS_THAT_FAIL} requests: ${fault}`)
    const before = await rapport.outcomes()
    proxy.fail(fault, REQUESTS_THAT_FAIL)
    const { call, ids, errors, done } = sdk(proxy.url, { flushAt: 10 })
    for (let number = 0; number < EVENTS_PER_FAULT; number += 1) {
      call('track', { userId: fault, event: 'Tried', properties: { number } })
    }
    await done()
    const seen = proxy.seen()
    const sent = Object.values(seen.copies).reduce((sum, copies) => sum + copies, 0)
    const after = await rapport.folded(total(before) + sent)

    checks.equal('the SDK gave nothing up', errors, [])
    checks.equal('the requests did fail', seen.failed, REQUESTS_THAT_FAIL)
    checks.equal('events came twice if an answer was lost', sent > EVENTS_PER_FAULT, fault.endsWith('after'))
    checks.equal('each event is stored once', copiesOf(await rapport.timeline('user_id', fault)), onceEach(ids))
    checks.equal('the outcomes say so', gained(before, after), [EVENTS_PER_FAULT, sent - EVENTS_PER_FAULT])
  }
  console.log(`the first request: ${TOO_LARGE}`)
  proxy.fail(TOO_LARGE, 1)
  const { call, errors, done } = sdk(proxy.url)
  call('track', { userId: 'large', event: 'Tried' })
  await done()
  checks.equal('the SDK drops what is too large by design, and says so', [errors, proxy.seen().requests], [[413], 1])
  proxy.stop()
}

const rapport = await Rapport.start()
await everyCallOfAVisitorWhoBecomesKnown(rapport, true)
await everyCallOfAVisitorWhoBecomesKnown(rapport, false)
await failures(rapport)
checks.equal('the server stops when asked', await rapport.stop(), 0)
rapport.kill()
checks.finish()
