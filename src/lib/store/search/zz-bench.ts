import initSqlJs from 'sql.js'
import { tracking } from '#lib/store/migrations/0001-tracking.ts'
const SQL = await initSqlJs()
const db = new SQL.Database()
for (const s of tracking) db.run(s)
const N = 10000, K = 20
let seed = 7
const rnd = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff)
const hex = () => Array.from({ length: 32 }, () => Math.floor(rnd() * 16).toString(16)).join('')
db.run('begin')
const r = db.prepare("insert into runs (run_uuid,name,status,start_time,lifecycle_stage,artifact_uri,experiment_id,user_id) values (?,?,?,?,'active',?,1,'u')")
const p = db.prepare('insert into params values (?,?,?)'), t = db.prepare('insert into tags values (?,?,?)')
const m = db.prepare('insert into latest_metrics values (?,?,?,?,?,0,0,1,100)')
for (let i = 0; i < N; i++) {
  const id = hex()
  r.run([id, 'run-' + i, 'FINISHED', 1700000000000 + i, 'mlflow-artifacts:/1/' + id + '/artifacts'])
  for (let k = 0; k < K; k++) {
    p.run([id, k === 0 ? 'opt' : 'param_' + k, k === 0 ? ['adam', 'sgd', 'rms', 'lion'][i % 4]! : 'value-' + Math.floor(rnd() * 100)])
    t.run([id, k === 0 ? 'mlflow.runName' : 'tag_' + k, 'value-' + Math.floor(rnd() * 100)])
    m.run([id, k === 0 ? 'loss' : k === 1 ? 'acc' : 'metric_' + k, rnd(), 1700000000000 + i, 100])
  }
}
db.run('commit')
function all(sql: string, params: any[]) { const s = db.prepare(sql); s.bind(params); const out: any[] = []; while (s.step()) out.push(s.get()[0]); s.free(); return out }
function time(name: string, sql: string, params: any[]) {
  const n = all(sql, params).length; const ts: number[] = []
  for (let i = 0; i < 15; i++) { const a = performance.now(); all(sql, params); ts.push(performance.now() - a) }
  ts.sort((a, b) => a - b); console.log(name.padEnd(40), n, 'p50', ts[7]!.toFixed(1), 'min', ts[0]!.toFixed(1))
  if (process.argv[2] === 'plan') { const s = db.prepare('explain query plan ' + sql); s.bind(params); while (s.step()) console.log('   ', s.get()[3]); s.free() }
}
const base = "from runs r where r.experiment_id in (?) and r.lifecycle_stage='active'"

const O = ' order by case when o.is_nan is null then 2 when o.is_nan=1 then 1 else 0 end, o.value asc, r.start_time desc, r.run_uuid'
function suite(label: string, runs: string) {
  console.log('##', label)
  time('runs only unordered', `select r.run_uuid from ${runs} where r.experiment_id in (?) and r.lifecycle_stage='active'`, [1])
  time('runs default order', `select r.run_uuid from ${runs} where r.experiment_id in (?) and r.lifecycle_stage='active' order by r.start_time desc, r.run_uuid`, [1])
  time('exists', `select r.run_uuid from ${runs} left join latest_metrics o on o.run_uuid=r.run_uuid and o.key=? where r.experiment_id in (?) and r.lifecycle_stage='active' and exists (select 1 from latest_metrics m where m.run_uuid=r.run_uuid and m.key=? and m.value<?) and exists (select 1 from params p where p.run_uuid=r.run_uuid and p.key=? and p.value=?)` + O, ['acc', 1, 'loss', 0.5, 'opt', 'adam'])
  time('exists no order', `select r.run_uuid from ${runs} where r.experiment_id in (?) and r.lifecycle_stage='active' and exists (select 1 from latest_metrics m where m.run_uuid=r.run_uuid and m.key=? and m.value<?) and exists (select 1 from params p where p.run_uuid=r.run_uuid and p.key=? and p.value=?)`, [1, 'loss', 0.5, 'opt', 'adam'])
  time('or of exists', `select r.run_uuid from ${runs} where r.experiment_id in (?) and r.lifecycle_stage='active' and (exists (select 1 from latest_metrics m where m.run_uuid=r.run_uuid and m.key=? and m.value<?) or exists (select 1 from params p where p.run_uuid=r.run_uuid and p.key=? and p.value=?))`, [1, 'loss', 0.5, 'opt', 'adam'])
}
suite('as is', 'runs r')
suite('not indexed', 'runs r not indexed')
db.run('create index ix1 on runs (experiment_id, lifecycle_stage, start_time)')
suite('ix (exp, stage, start)', 'runs r indexed by ix1')
db.run('create index ix2 on runs (experiment_id, lifecycle_stage, run_uuid, start_time)')
suite('ix (exp, stage, run, start)', 'runs r indexed by ix2')
db.run('pragma cache_size')
suite('materialized sorted', "(select run_uuid, start_time, experiment_id, lifecycle_stage from runs where experiment_id=1 and lifecycle_stage='active' order by run_uuid limit -1 offset 0) r")
