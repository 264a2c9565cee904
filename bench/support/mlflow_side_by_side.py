"""The same requests to a stock MLflow server and to a Runnel host, in turns, on one machine. Run by bench/mlflow.ts and
bench/mlflow-history.ts.

The client is Python's http.client with one kept connection and the bodies the stock client sends: small enough for the figures to be the
servers'. Both servers run with their defaults (MLflow: four workers) on empty SQLite stores, and are warmed before anything is measured.
Prints one JSON object: {workload: {"mlflow": figure, "runnel": figure, "ratio": ratio, ...}}.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROUNDS = 3
SECONDS = 4.0
CLIENTS = 4
BATCH = 1000
HISTORY_POINTS = 100_000
MILLION = 1_000_000
MILLION_ROUNDS = 2
HISTORY_PAGE = 25_000
RUNS = 10_000
STARTS = 3
ENV = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}


class Client:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, f"/api/2.0/mlflow/{path}", data, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    def post(self, path: str, **body):
        return self.call("POST", path, body)

    def get(self, path: str, **query):
        return self.call("GET", f"{path}?{urllib.parse.urlencode(query)}")

    def new_run(self, **fields) -> str:
        return self.post("runs/create", experiment_id="0", start_time=now_ms(), **fields)["run"]["info"]["run_id"]


def now_ms() -> int:
    return int(time.time() * 1000)


class Server:
    """A server on a folder of its own. `start` resolves at its first answer and says how long that took."""

    def __init__(self, name: str, command: list[str]):
        self.name = name
        self.command = command
        self.folder = Path(tempfile.mkdtemp(prefix=f"side-by-side-{name}-"))
        self.port = free_port()
        self.process = None

    @property
    def database(self) -> Path:
        return self.folder / "store.db"

    def start(self) -> float:
        flags = ["--port", str(self.port), "--backend-store-uri", f"sqlite:///{self.database}"]
        flags += ["--artifacts-destination", str(self.folder / "artifacts")]
        with open(self.folder / "log.txt", "ab") as log:
            started = time.perf_counter()
            self.process = subprocess.Popen(
                [*self.command, *flags], cwd=self.folder, env=ENV, stdout=log, stderr=log, start_new_session=True
            )
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return time.perf_counter() - started
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - started > 120:
                    raise RuntimeError((self.folder / "log.txt").read_text()) from None
            time.sleep(0.005)

    def stop(self) -> None:
        if self.process is None:
            return
        # The whole group: MLflow's workers are processes of their own.
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None
        # Its workers may go after it, and the next start needs the port.
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                    return
            time.sleep(0.05)

    def memory_mb(self) -> float:
        """Resident memory of the server and all its children; pages that several share are counted once, by share (PSS)."""
        return sum(pss_kb(pid) for pid in tree(self.process.pid)) / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def pss_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


# ── workloads: each returns one figure ─────────────────────────────────────────────────────────────────────────────────────────


def batches_of_one_client(port: int, seconds: float) -> int:
    client = Client(port)
    run = client.new_run()
    step = 0
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        metrics = [
            {"key": f"m{i % 10}", "value": 1 / (step + i + 1), "timestamp": 1_700_000_000_000 + step + i, "step": step + i}
            for i in range(BATCH)
        ]
        client.post("runs/log-batch", run_id=run, metrics=metrics)
        step += BATCH
    return step


def log_batch(server: Server, pool: ProcessPoolExecutor) -> float:
    """Points per second of four clients."""
    started = time.perf_counter()
    points = sum(pool.map(batches_of_one_client, [server.port] * CLIENTS, [SECONDS] * CLIENTS))
    return points / (time.perf_counter() - started)


def log_metric(server: Server, _pool) -> float:
    """Calls per second, one after the other."""
    client = Client(server.port)
    run = client.new_run()
    calls = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        client.post("runs/log-metric", run_id=run, key="loss", value=1 / (calls + 1), timestamp=now_ms(), step=calls)
        calls += 1
    return calls / (time.perf_counter() - started)


def create_run(server: Server, _pool) -> float:
    """Runs per second: create with five tags, then one batch of ten params."""
    client = Client(server.port)
    made = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        run = client.new_run(run_name=f"run {made}", tags=[{"key": f"tag{i}", "value": str(made)} for i in range(5)])
        client.post("runs/log-batch", run_id=run, params=[{"key": f"p{i}", "value": str(i * made)} for i in range(10)])
        made += 1
    return made / (time.perf_counter() - started)


def search_runs(server: Server, _pool) -> float:
    """Milliseconds of one search (median of several): a metric and a param, ordered by a metric, the first hundred."""
    client = Client(server.port)
    times = []
    for _ in range(9):
        started = time.perf_counter()
        answer = client.post(
            "runs/search",
            experiment_ids=[server.crowd],
            filter="metrics.accuracy > 0.5 and params.optimizer = 'adam'",
            order_by=["metrics.loss ASC"],
            max_results=100,
        )
        times.append((time.perf_counter() - started) * 1000)
        assert len(answer["runs"]) == 100, len(answer["runs"])
    return statistics.median(times)


def history(server: Server, _pool) -> float:
    """Milliseconds to read a series of 100,000 points as the stock client does: pages of 25,000."""
    return read_history(server, HISTORY_POINTS)


def read_history(server: Server, expected: int) -> float:
    client = Client(server.port)
    started = time.perf_counter()
    points, token = 0, None
    while True:
        page = client.get(
            "metrics/get-history",
            run_id=server.long_run,
            metric_key="loss",
            max_results=HISTORY_PAGE,
            **({"page_token": token} if token else {}),
        )
        points += len(page.get("metrics", []))
        token = page.get("next_page_token")
        if not token:
            break
    assert points == expected, points
    return (time.perf_counter() - started) * 1000


# ── what searches and histories read ───────────────────────────────────────────────────────────────────────────────────────────


def crowd_values(i: int) -> tuple[dict, dict]:
    spread = (i * 7919) % RUNS / RUNS
    metrics = {"accuracy": spread, "loss": 1 - spread * 0.9, "f1": spread / 2}
    params = {"optimizer": ("adam", "sgd", "rmsprop")[i % 3], "lr": str(0.1 / (1 + i % 17)), "depth": str(i % 9)}
    return metrics, params


def crowd_by_rest(server: Server) -> None:
    client = Client(server.port)
    server.crowd = client.post("experiments/create", name="crowd")["experiment_id"]
    for i in range(RUNS):
        metrics, params = crowd_values(i)
        run = client.post("runs/create", experiment_id=server.crowd, start_time=1_700_000_000_000 + i, run_name=f"run {i}")
        client.post(
            "runs/log-batch",
            run_id=run["run"]["info"]["run_id"],
            metrics=[{"key": k, "value": v, "timestamp": 1_700_000_000_000 + i, "step": 0} for k, v in metrics.items()],
            params=[{"key": k, "value": v} for k, v in params.items()],
        )


def crowd_by_sql(server: Server) -> None:
    """The same runs as rows in MLflow's own tables: over REST it takes a quarter of an hour."""
    server.crowd = Client(server.port).post("experiments/create", name="crowd")["experiment_id"]
    server.stop()
    database = sqlite3.connect(server.database)
    (location,) = database.execute(
        "select artifact_location from experiments where experiment_id = ?", [server.crowd]
    ).fetchone()
    for i in range(RUNS):
        metrics, params = crowd_values(i)
        run, at = uuid.uuid4().hex, 1_700_000_000_000 + i
        database.execute(
            "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
            " source_version, lifecycle_stage, artifact_uri, experiment_id)"
            " values (?, ?, 'UNKNOWN', '', '', '', 'RUNNING', ?, '', 'active', ?, ?)",
            [run, f"run {i}", at, f"{location}/{run}/artifacts", server.crowd],
        )
        database.execute("insert into tags (key, value, run_uuid) values ('mlflow.runName', ?, ?)", [f"run {i}", run])
        for key, value in metrics.items():
            row = [key, value, at, 0, 0, run]
            database.execute("insert into metrics (key, value, timestamp, step, is_nan, run_uuid) values (?,?,?,?,?,?)", row)
            database.execute(
                "insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid) values (?,?,?,?,?,?)", row
            )
        for key, value in params.items():
            database.execute("insert into params (key, value, run_uuid) values (?, ?, ?)", [key, value, run])
    database.commit()
    database.close()
    server.start()


def long_series(server: Server, points: int = HISTORY_POINTS) -> None:
    client = Client(server.port)
    server.long_run = client.new_run()
    for start in range(0, points, BATCH):
        metrics = [
            {"key": "loss", "value": 1 / (step + 1), "timestamp": 1_700_000_000_000 + step, "step": step}
            for step in range(start, start + BATCH)
        ]
        client.post("runs/log-batch", run_id=server.long_run, metrics=metrics)


def long_series_by_sql(server: Server, points: int) -> None:
    """The same as rows in MLflow's own tables: over REST a million of them take minutes."""
    server.long_run = Client(server.port).new_run()
    server.stop()
    database = sqlite3.connect(server.database)
    rows = (["loss", 1 / (step + 1), 1_700_000_000_000 + step, step, 0, server.long_run] for step in range(points))
    database.executemany("insert into metrics (key, value, timestamp, step, is_nan, run_uuid) values (?,?,?,?,?,?)", rows)
    database.commit()
    database.close()
    server.start()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


#: name, what it measures, function, whether more is better
WORKLOADS = [
    ("log_batch", "points/s, 4 clients", log_batch, True),
    ("log_metric", "calls/s", log_metric, True),
    ("create_run", "runs/s", create_run, True),
    ("search_runs", "ms", search_runs, False),
    ("history", "ms", history, False),
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runnel", required=True, help="the command of a Runnel host, as JSON")
    parser.add_argument("--mlflow", required=True, help="the command of an MLflow server, as JSON")
    parser.add_argument("--only", help="one workload")
    parser.add_argument("--million", action="store_true", help="nothing but a history of a million points")
    options = parser.parse_args()
    servers = [Server("mlflow", json.loads(options.mlflow)), Server("runnel", json.loads(options.runnel))]
    results: dict[str, dict] = {}
    try:
        if options.million:
            measure_million(servers, results)
        else:
            with ProcessPoolExecutor(CLIENTS) as pool:
                measure(servers, pool, options.only, results)
    finally:
        for server in servers:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
    print(json.dumps(results))


def measure(servers: list[Server], pool, only, results) -> None:
    mlflow, runnel = servers
    for server in servers:
        server.start()
    workloads = [workload for workload in WORKLOADS if only in (None, workload[0])]
    say("filling both stores")
    crowd_by_sql(mlflow)
    crowd_by_rest(runnel)
    for server in servers:
        long_series(server)
    for name, unit, run, more_is_better in workloads:
        for server in servers:
            run(server, pool)
        figures: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                figures[server.name].append(run(server, pool))
        note(results, name, unit, figures, more_is_better)
    if only is None:
        note(results, "memory", "MB", {server.name: [server.memory_mb()] for server in servers}, False)
        starts: dict[str, list[float]] = {server.name: [] for server in servers}
        for _ in range(STARTS):
            for server in servers:
                server.stop()
                starts[server.name].append(server.start() * 1000)
        note(results, "start", "ms", starts, False)


def measure_million(servers: list[Server], results) -> None:
    mlflow, runnel = servers
    for server in servers:
        server.start()
    say("filling both stores")
    long_series_by_sql(mlflow, MILLION)
    long_series(runnel, MILLION)
    figures: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(MILLION_ROUNDS):
        for server in servers:
            figures[server.name].append(read_history(server, MILLION))
    note(results, "history_1m", "ms", figures, False)


def note(results, name, unit, figures, more_is_better) -> None:
    ours, theirs = statistics.median(figures["runnel"]), statistics.median(figures["mlflow"])
    ratio = ours / theirs if more_is_better else theirs / ours
    results[name] = {"unit": unit, "mlflow": figures["mlflow"], "runnel": figures["runnel"], "ratio": ratio}
    say(f"{name}: mlflow {theirs:.1f}, runnel {ours:.1f} {unit}, ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
