// Customer.io's SDK for Node (@customerio/cdp-analytics-node), a fork of Segment's: its calls arrive once.

import { Analytics } from '@customerio/cdp-analytics-node'

import { FAULTS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf, onceEach, total } from '../rapport.mjs'

const EVENTS_PER_FAULT = 10

const checks = new Checks()

function sdk(host) {
  const client = new Analytics({ writeKey: SERVER_KEY, host, flushInterval: 100 })
  const errors = []
  const ids = []
  client.on('error', (error) => errors.push(error.code ?? String(error)))
  const call = (name, message) => {
    const messageId = `customerio-${ids.length}-${crypto.randomUUID()}`
    ids.push(messageId)
    client[name]({ ...message, messageId })
  }
  return { call, ids, errors, done: () => client.closeAndFlush({ timeout: 30_000 }) }
}

const rapport = await Rapport.start()
console.log('every kind of call')
const { call, ids, errors, done } = sdk(rapport.url)
const [userId, anonymousId, groupId] = ['user', 'visitor', 'company']
call('page', { anonymousId, name: 'Milk' })
call('identify', { userId, anonymousId, traits: { email: 'user@example.com' } })
call('group', { userId, groupId, traits: { name: 'Dairy' } })
call('track', { userId, event: 'Order Completed', properties: { revenue: 9.99 } })
await done()
checks.equal('the SDK met no error', errors, [])
await rapport.folded(ids.length)
checks.equal('each call is there once', copiesOf(await rapport.timeline('user_id', userId)), onceEach(ids))

const proxy = await startProxy(rapport.url)
for (const fault of FAULTS) {
  console.log(`the first request: ${fault}`)
  const before = await rapport.outcomes()
  proxy.fail(fault, 1)
  const client = sdk(proxy.url)
  for (let number = 0; number < EVENTS_PER_FAULT; number += 1) client.call('track', { userId: fault, event: 'Tried' })
  await client.done()
  checks.equal('the request did fail', proxy.seen().failed, 1)
  const { copies } = proxy.seen()
  const sent = Object.values(copies).reduce((sum, count) => sum + count, 0)
  await rapport.folded(total(before) + sent)
  checks.equal('each event is stored once', copiesOf(await rapport.timeline('user_id', fault)), onceEach(client.ids))
  checks.equal('every event reached the server', Object.keys(copies).length, EVENTS_PER_FAULT)
}
proxy.stop()
rapport.kill()
checks.finish()
