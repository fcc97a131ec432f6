// Everything somebody did, newest first, by day.
import { useEffect, useState } from 'react'

import { ask, useAsked, type Happening, type Json, type List } from '../api'
import { Moment, clockOf, dayOf } from './Moment'
import { Problem } from './Problem'

const PAGE = 60
const FILTERS: [name: string, query: string][] = [
  ['Everything', ''],
  ['Orders', ['Order Completed', 'Order Refunded', 'Order Cancelled', 'Checkout Started'].map(byName).join('')],
  ['Browsing', ['Product List Viewed', 'Product Viewed', 'Products Searched', 'Product Added', 'Cart Viewed'].map(byName).join('')],
  ['Talks', ['Conversation Started', 'Message Received', 'Message Sent', 'Conversation Ended'].map(byName).join('')],
  ['Letters', ['Email Delivered', 'Email Opened', 'Email Link Clicked', 'Unsubscribed'].map(byName).join('')],
  ['Identity', '&type=identify&type=alias&type=group'],
]

function byName(name: string): string {
  return `&event=${encodeURIComponent(name)}`
}

export function Timeline({ reference }: { reference: string }) {
  const [query, setQuery] = useState('')
  const path = `profiles/${encodeURIComponent(reference)}/timeline?limit=${PAGE}${query}`
  const { data, failure } = useAsked<List<Happening>>(path, 3_000)
  const [older, setOlder] = useState<List<Happening>>()
  useEffect(() => setOlder(undefined), [path])
  const last = older ?? data
  const more = async (after: string) => {
    const next = await ask<List<Happening>>(`${path}&after=${encodeURIComponent(after)}`)
    setOlder({ results: [...(older?.results ?? []), ...next.results], paging: next.paging })
  }
  const all = [...(data?.results ?? []), ...(older?.results ?? [])]
  const after = last?.paging.next?.after
  return (
    <section className="timeline">
      <div className="chips" role="group" aria-label="Filter">
        {FILTERS.map(([name, filter]) => (
          <button key={name} className="chip" aria-pressed={filter === query} onClick={() => setQuery(filter)}>
            {name}
          </button>
        ))}
      </div>
      <Problem failure={failure} />
      {data && all.length === 0 && <p className="empty">Nothing of this kind yet.</p>}
      {byDay(all).map(([day, happenings]) => (
        <div key={day}>
          <h3 className="day">{day}</h3>
          {happenings.map((happening) => (
            <Entry key={happening.position} happening={happening} />
          ))}
        </div>
      ))}
      {after && (
        <button className="more" onClick={() => void more(after)}>
          Older
        </button>
      )}
    </section>
  )
}

function byDay(all: Happening[]): [string, Happening[]][] {
  const days = new Map<string, Happening[]>()
  for (const happening of all) {
    const day = dayOf(happening.timestamp)
    days.set(day, [...(days.get(day) ?? []), happening])
  }
  return [...days]
}

function Entry({ happening }: { happening: Happening }) {
  const [isOpen, setOpen] = useState(false)
  const { event, type, timestamp, properties } = happening
  return (
    <div className={`entry ${colour(event ?? type)}`}>
      <button data-row onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
        <span className="clock">{clockOf(timestamp)}</span>
        <span className="dot" aria-hidden="true" />
        <span className="what">{event && type === 'track' ? event : `${type}${event ? ` · ${event}` : ''}`}</span>
        <span className="dim cut">{about(happening)}</span>
        {typeof properties['revenue'] === 'number' && <span className="sum">{money(properties)}</span>}
      </button>
      {isOpen && (
        <div className="raw">
          <p className="dim">
            <Moment at={timestamp} /> · source {happening.source} · entry {happening.position} · {happening.message_id}
          </p>
          <pre>{JSON.stringify(type === 'identify' || type === 'group' ? happening.traits : properties, null, 2)}</pre>
        </div>
      )}
    </div>
  )
}

function colour(name: string): string {
  if (/Order|Checkout/.test(name)) return 'order'
  if (/Conversation|Message/.test(name)) return 'talk'
  if (/Email|Unsubscribed/.test(name)) return 'letter'
  if (/identify|group|alias|Signed/.test(name)) return 'identity'
  return 'browse'
}

function about({ properties, traits, group_id }: Happening): string {
  const products = properties['products']
  if (Array.isArray(products)) return products.map((product) => textOf(product, 'name')).filter(Boolean).join(', ')
  const words = [group_id, ...['text', 'name', 'topic', 'subject', 'category', 'query', 'path', 'order_id'].map((name) => textOf(properties, name))]
  return words.find(Boolean) ?? (textOf(traits, 'email') || textOf(traits, 'name') || textOf(traits, 'phone'))
}

function textOf(value: Json, name: string): string {
  const found = value && typeof value === 'object' && !Array.isArray(value) ? value[name] : undefined
  return typeof found === 'string' ? found : ''
}

function money(properties: Record<string, Json>): string {
  const currency = textOf(properties, 'currency') || 'EUR'
  try {
    return Number(properties['revenue']).toLocaleString(undefined, { style: 'currency', currency })
  } catch {
    return `${properties['revenue']} ${currency}`
  }
}
