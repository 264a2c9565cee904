"""The host is killed without a word while clients log. What was acknowledged is there after every restart, and nothing twice."""

import random
import threading
import time

import requests

from conftest import Host

ROUNDS = 20
WRITERS = 3


def test_every_acknowledged_point_survives_twenty_kills(tmp_path):
    seed = random.SystemRandom().randrange(1 << 30)
    rng = random.Random(seed)
    print(f"seed {seed}")
    host = Host(tmp_path / "data").start()
    try:
        post(host, "experiments/create", name="kills")
        runs = [post(host, "runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"] for _ in range(WRITERS)]
        acknowledged = [set() for _ in runs]
        attempted = [0] * WRITERS
        for _ in range(ROUNDS):
            writers = [
                threading.Thread(target=log_until_it_dies, args=(host, runs[i], acknowledged[i], attempted, i))
                for i in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            time.sleep(rng.uniform(0.05, 0.5))
            host.kill()
            for writer in writers:
                writer.join(30)
            host.start()
            for i, run_id in enumerate(runs):
                check(host, run_id, acknowledged[i], attempted[i], seed)
        assert sum(map(len, acknowledged)) > ROUNDS * WRITERS
        print(f"{sum(map(len, acknowledged))} acknowledged points over {ROUNDS} kills")
    finally:
        host.kill()


def log_until_it_dies(host, run_id, acknowledged, attempted, i):
    session = requests.Session()
    while True:
        first = attempted[i]
        steps = range(first, first + random.choice([1, 1, 1, 20]))
        attempted[i] = steps[-1] + 1
        points = [{"key": "m", "value": step * 0.25, "timestamp": 1000 + step, "step": step} for step in steps]
        try:
            answer = session.post(
                f"{host.uri}/api/2.0/mlflow/runs/log-batch", json={"run_id": run_id, "metrics": points}, timeout=10
            )
        except requests.RequestException:
            return
        assert answer.status_code == 200, answer.text
        acknowledged.update(steps)


def check(host, run_id, acknowledged, attempted, seed):
    points, token = [], None
    while True:
        query = {"run_id": run_id, "metric_key": "m", "max_results": 25000, **({"page_token": token} if token else {})}
        page = requests.get(f"{host.uri}/api/2.0/mlflow/metrics/get-history", params=query, timeout=30).json()
        points += page.get("metrics", [])
        token = page.get("next_page_token")
        if not token:
            break
    steps = [point["step"] for point in points]
    assert len(steps) == len(set(steps)), f"a point twice (seed {seed})"
    assert acknowledged <= set(steps), f"lost {sorted(acknowledged - set(steps))[:10]} (seed {seed})"
    assert all(0 <= step < attempted for step in steps)
    assert all(point["value"] == point["step"] * 0.25 for point in points)


def post(host, path, **body):
    answer = requests.post(f"{host.uri}/api/2.0/mlflow/{path}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()
