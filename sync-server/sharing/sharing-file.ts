import { closeSync, existsSync, openSync } from 'node:fs'
import type { SqlRow } from '#lib/store/engine.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import { NodeSqliteEngine } from '../store/node-sqlite-engine.ts'
import type { GuestRole, Share } from './share.ts'

/** A share with what it is known by, and who has used it. */
export interface KeptShare {
  readonly share: Share
  /** SHA-256 of its secret, hex. */
  readonly secretHash: string
  /** Hashes of the browsers and programs that have. */
  readonly clients: ReadonlySet<string>
}

const SCHEMA = `
  create table if not exists shares (
    id text primary key, secret_hash text not null unique, name text not null, role text not null, rooms text not null,
    created_time integer not null, expires_time integer, max_uses integer, last_used_time integer, revoked_time integer
  ) strict, without rowid;
  create table if not exists share_clients (
    share_id text not null, client text not null, primary key (share_id, client)
  ) strict, without rowid;
  create table if not exists keys (name text primary key, value text not null) strict, without rowid;
`

/**
 * Where shares and the key that signs tokens are kept: a SQLite file beside the store's, made when there is first something to keep. What it
 * has is read once; every change is on the disk when the function returns.
 */
export class SharingFile {
  readonly #path: string
  #engine: NodeSqliteEngine | null = null

  constructor(path: string) {
    this.#path = path
    if (existsSync(path)) this.#open()
  }

  shares(): KeptShare[] {
    if (this.#engine === null) return []
    const clients = Map.groupBy(
      this.#engine.all('select share_id, client from share_clients', []),
      (row) => row['share_id']
    )
    return this.#engine.all('select * from shares order by created_time, id', []).map((row) => {
      const users = new Set((clients.get(row['id']) ?? []).map((user) => String(user['client'])))
      return { share: rowToShare(row, users.size), secretHash: String(row['secret_hash']), clients: users }
    })
  }

  add({ share, secretHash }: KeptShare): void {
    this.#open().run(
      `insert into shares (id, secret_hash, name, role, rooms, created_time, expires_time, max_uses)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        share.id,
        secretHash,
        share.name,
        share.role,
        JSON.stringify(share.rooms),
        share.createdTime,
        share.expiresTime,
        share.maxUses
      ]
    )
  }

  /** What may change of a share, its clients aside. */
  update(share: Share): void {
    this.#open().run(
      'update shares set name = ?, role = ?, expires_time = ?, last_used_time = ?, revoked_time = ? where id = ?',
      [share.name, share.role, share.expiresTime, share.lastUsedTime, share.revokedTime, share.id]
    )
  }

  addClient(shareId: string, client: string, time: EpochMs): void {
    const engine = this.#open()
    engine.run('begin', [])
    try {
      engine.run('insert or ignore into share_clients (share_id, client) values (?, ?)', [shareId, client])
      engine.run('update shares set last_used_time = ? where id = ?', [time, shareId])
      engine.run('commit', [])
    } catch (error) {
      engine.run('rollback', [])
      throw error
    }
  }

  hasKey(name: string): boolean {
    return this.#engine !== null && this.#engine.all('select 1 from keys where name = ?', [name]).length > 0
  }

  /** The key of that name, hex; made by `make` the first time. */
  key(name: string, make: () => string): string {
    const engine = this.#open()
    engine.run('insert or ignore into keys (name, value) values (?, ?)', [name, make()])
    return String(engine.all('select value from keys where name = ?', [name])[0]?.['value'])
  }

  close(): void {
    this.#engine?.close()
  }

  #open(): NodeSqliteEngine {
    if (this.#engine !== null) return this.#engine
    // Whoever reads it can sign tokens: it is nobody's but this user's from its first byte.
    closeSync(openSync(this.#path, 'a', 0o600))
    const engine = new NodeSqliteEngine(this.#path)
    // A share that was revoked must stay so, whatever becomes of the power: each commit is synced. There are few.
    engine.run('pragma synchronous = full', [])
    for (const statement of SCHEMA.split(';').map((text) => text.trim()))
      if (statement !== '') engine.run(statement, [])
    this.#engine = engine
    return engine
  }
}

const rowToShare = (row: SqlRow, uses: number): Share => ({
  id: String(row['id']),
  name: String(row['name']),
  role: row['role'] as GuestRole,
  rooms: JSON.parse(String(row['rooms'])) as string[],
  createdTime: Number(row['created_time']),
  expiresTime: row['expires_time'] as EpochMs | null,
  maxUses: row['max_uses'] as number | null,
  uses,
  lastUsedTime: row['last_used_time'] as EpochMs | null,
  revokedTime: row['revoked_time'] as EpochMs | null
})
