// The native API: what it answers, and how it is asked.
import { useEffect, useState } from 'react'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type Identifiers = Record<string, string[]>

export interface Profile {
  id: string
  attributes: Record<string, Json>
  traits: Record<string, Json>
  identifiers: Identifiers
  segments: string[]
  companies: string[]
  first_seen: string
  last_seen: string
}
export interface Link {
  kind: string
  value: string
  trust: string
  cause: string
  source: number | null
  since: string
}
export interface Happening {
  message_id: string
  type: string
  event: string | null
  timestamp: string
  received_at: string
  properties: Record<string, Json>
  traits: Record<string, Json>
  context: Record<string, Json>
  source: number
  position: string
  group_id?: string
}
export interface Segment {
  key: string
  name: string
  rule: string
  version: number
  state: 'live' | 'building'
  size: number
}
export interface Member {
  profile_id: string
  identifiers: Identifiers
  entered_at: string | null
}
export interface Node {
  text: string
  holds: boolean
  flips_at: string | null
  counted?: number
  parts?: Node[]
  part?: Node
}
export interface Explanation {
  member: boolean
  entered_at: string | null
  flips_at: string | null
  rule: Node
}
export interface Merge {
  id: string
  type: string
  at: string
  survivor?: string
  absorbed?: string
  merge?: string
  cause?: { event?: string; member?: string; identifiers?: string[] }
}
export interface Rejected {
  id: string
  received_at: string
  outcome: string
  reason: { code: string; message: string } | null
  raw: string
}
export interface Outcomes {
  accepted: number
  duplicate: number
  filtered: number
  limited: number
  invalid: number
  refused: number
  reasons: Record<string, Record<string, number>>
}
export interface List<T> {
  results: T[]
  paging: { next?: { after: string } }
}

/** What the API says when it does not do what was asked. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly help: string,
    readonly at?: { offset: number; line: number; column: number },
  ) {
    super(message)
  }
}

const TOKEN = 'rapport-token'
export const token = () => sessionStorage.getItem(TOKEN)
export const signIn = (given: string) => sessionStorage.setItem(TOKEN, given)
export const signOut = () => {
  sessionStorage.clear()
  location.reload()
}

export async function ask<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token() ?? ''}` }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
  const text = await answer.text()
  const read = text ? JSON.parse(text) : undefined
  if (answer.ok) return read as T
  const { code = 'unknown', message = answer.statusText, help = '', at } = read?.error ?? {}
  throw new Failure(code, message, help, at)
}

/** What was answered last, shown at once while the server is asked again. */
const known = new Map<string, unknown>()

export interface Asked<T> {
  data: T | undefined
  failure: Failure | undefined
  again: () => void
}

/** Asks, and asks again every so many milliseconds; `null` asks nothing. */
export function useAsked<T>(path: string | null, everyMs = 0): Asked<T> {
  const [, setDrawn] = useState(0)
  const [failure, setFailure] = useState<Failure>()
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (path === null) return
    let isLeft = false
    const load = async () => {
      try {
        known.set(path, await ask<T>(path))
        if (!isLeft) setFailure(undefined)
      } catch (error) {
        if (!isLeft) setFailure(error instanceof Failure ? error : new Failure('network', 'The server does not answer.', ''))
      }
      if (!isLeft) setDrawn((drawn) => drawn + 1)
    }
    setFailure(undefined)
    void load()
    const timer = everyMs ? setInterval(() => document.hidden || void load(), everyMs) : undefined
    return () => {
      isLeft = true
      clearInterval(timer)
    }
  }, [path, everyMs, round])
  const data = path === null ? undefined : (known.get(path) as T | undefined)
  return { data, failure, again: () => setRound((before) => before + 1) }
}

/** How a person is called: by name, else by the best identifier. */
export function nameOf(attributes: Record<string, Json>, identifiers: Identifiers, id: string): string {
  const text = (name: string) => (typeof attributes[name] === 'string' ? (attributes[name] as string) : '')
  const full = text('name') || `${text('firstName')} ${text('lastName')}`.trim()
  return full || identifiers['email']?.[0] || identifiers['user_id']?.[0] || identifiers['phone']?.[0] || `Visitor ${id.slice(4)}`
}
