// Segment's SDK for Node (@segment/analytics-node): every call arrives, finds its person, and survives failures.

import { Analytics } from '@segment/analytics-node'

import { FAULTS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf, onceEach, total } from '../rapport.mjs'

const EVENTS_PER_FAULT = 30
const REQUESTS_THAT_FAIL = 2

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(host, settings = {}) {
  const client = new Analytics({ writeKey: SERVER_KEY, host, flushInterval: 100, ...settings })
  const errors = []
  const ids = []
  client.on('error', (error) => errors.push(error.code ?? String(error)))
  const call = (name, message) => {
    const messageId = `node-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId })
  }
  return { call, ids, errors, done: () => client.closeAndFlush({ timeout: 30_000 }) }
}

async function everyCallOfAVisitorWhoBecomesKnown(rapport) {
  console.log('every kind of call')
  const [userId, anonymousId, groupId] = ['user-node', 'visitor-node', 'company-node']
  const { call, ids, errors, done } = sdk(rapport.url)
  const timestamp = new Date('2024-05-01T12:30:00.250Z')
  call('page', { anonymousId, category: 'shop', name: 'Milk', properties: { path: '/milk' } })
  call('track', { anonymousId, event: 'Product Viewed', properties: { price: 1.25 }, timestamp })
  call('identify', { userId, anonymousId, traits: { email: 'user-node@example.com', firstName: 'Ada' } })
  call('alias', { userId, previousId: anonymousId })
  call('group', { userId, groupId, traits: { name: 'Dairy' } })
  call('screen', { userId, name: 'Basket' })
  call('track', { userId, event: 'Order Completed', properties: { revenue: 9.99, products: [{ sku: 'a' }] } })
  await done()
  checks.equal('the SDK met no error', errors, [])
  await rapport.folded(ids.length)

  const timeline = await rapport.timeline('user_id', userId)
  checks.equal("each call is in the known profile's timeline once", copiesOf(timeline), onceEach(ids))
  const found = (id) => timeline.find((entry) => entry.message_id === id) ?? {}
  const kinds = ['page', 'track', 'identify', 'alias', 'group', 'screen', 'track']
  checks.equal('each call kept its kind', ids.map((id) => found(id).type), kinds)
  const viewed = found(ids[1])
  checks.equal('a track kept its event', viewed.event, 'Product Viewed')
  checks.equal('a track kept its properties', viewed.properties, { price: 1.25 })
  const isNear = Math.abs(Date.parse(viewed.timestamp) - timestamp.getTime()) < 5_000
  checks.that('a track kept its time', isNear, String(viewed.timestamp))
  const known = await rapport.profile('user_id', userId)
  const anonymous = await rapport.profile('anonymous_id', anonymousId)
  checks.equal('the visitor is the known person', anonymous?.id, known?.id)
  checks.that('the anonymous id is kept', known.identifiers.anonymous_id?.includes(anonymousId), JSON.stringify(known))
  checks.equal('the e-mail is an identifier', known.identifiers.email, ['user-node@example.com'])
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
    const gained = [after.accepted - before.accepted, after.duplicate - before.duplicate]
    checks.equal('the outcomes say so', gained, [EVENTS_PER_FAULT, sent - EVENTS_PER_FAULT])
  }
  proxy.stop()
}

async function aRestart(rapport) {
  console.log('a stop and a start')
  const everything = async () => {
    const people = ['user-node', ...FAULTS]
    const timelines = await Promise.all(people.map((person) => rapport.timeline('user_id', person)))
    return [timelines.map(copiesOf), await rapport.outcomes()]
  }
  const before = await everything()
  checks.equal('the server stops when asked', await rapport.stop(), 0)
  await rapport.start()
  checks.equal('everything is there again', await everything(), before)
}

const rapport = await Rapport.start()
await everyCallOfAVisitorWhoBecomesKnown(rapport)
await failures(rapport)
await aRestart(rapport)
rapport.kill()
checks.finish()
