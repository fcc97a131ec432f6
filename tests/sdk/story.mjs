// A visitor who becomes known, told through every call that an SDK of Segment's kind has, and what must come of it.

import { copiesOf, onceEach, total } from './rapport.mjs'

/**
 * Tells the story through `client` (`call(name, message)`, `done()`, `ids`, `errors`) under names that end in `name`;
 * `time` is what the SDK calls an event's time.
 */
export async function aVisitorBecomesKnown({ rapport, checks, client, name, time = 'timestamp' }) {
  const [userId, anonymousId, groupId] = ['user', 'visitor', 'company'].map((kind) => `${kind}-${name}`)
  const before = await rapport.outcomes()
  const { call, ids, errors, done } = client
  const when = new Date('2024-05-01T12:30:00.250Z')
  call('page', { anonymousId, category: 'shop', name: 'Milk', properties: { path: '/milk' } })
  call('track', { anonymousId, event: 'Product Viewed', properties: { price: 1.25 }, [time]: when })
  call('identify', { userId, anonymousId, traits: { email: `${userId}@example.com`, firstName: 'Ada' } })
  call('alias', { userId, previousId: anonymousId })
  call('group', { userId, groupId, traits: { name: 'Dairy' } })
  call('screen', { userId, name: 'Basket' })
  call('track', { userId, event: 'Order Completed', properties: { revenue: 9.99, products: [{ sku: 'a' }] } })
  await done()
  checks.equal('the SDK met no error', errors, [])
  await rapport.folded(total(before) + ids.length)

  const timeline = await rapport.timeline('user_id', userId)
  checks.equal("each call is in the known profile's timeline once", copiesOf(timeline), onceEach(ids))
  const found = (id) => timeline.find((entry) => entry.message_id === id) ?? {}
  const kinds = ['page', 'track', 'identify', 'alias', 'group', 'screen', 'track']
  checks.equal('each call kept its kind', ids.map((id) => found(id).type), kinds)
  const viewed = found(ids[1])
  checks.equal('a track kept its event', viewed.event, 'Product Viewed')
  checks.equal('a track kept its properties', viewed.properties, { price: 1.25 })
  const isNear = Math.abs(Date.parse(viewed.timestamp) - when.getTime()) < 5_000
  checks.that('a track kept its time', isNear, String(viewed.timestamp))
  const known = await checkKnown(rapport, checks, { userId, anonymousId })
  checks.equal('the e-mail is an identifier', known.identifiers.email, [`${userId}@example.com`])
}

/** The visitor is one person with the known one, and has her traits; that person. */
export async function checkKnown(rapport, checks, { userId, anonymousId, name = '' }) {
  const at = name && `${name}: `
  const known = await rapport.profile('user_id', userId)
  const anonymous = await rapport.profile('anonymous_id', anonymousId)
  checks.equal(`${at}the visitor is the known person`, anonymous?.id, known?.id)
  checks.that(`${at}the anonymous id is kept`, known?.identifiers.anonymous_id?.includes(anonymousId), JSON.stringify(known))
  checks.equal(`${at}a trait is an attribute`, known?.attributes.firstName, 'Ada')
  return known
}
