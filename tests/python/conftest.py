"""A real Runnel host for each test module, and the stock client pointed at it as a user would point it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "scripts"
START_SECONDS = 120

# Before mlflow is imported anywhere: no telemetry, no minutes of retries when something is wrong, no progress bars.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MPLBACKEND", "Agg")


#: `RUNNEL_PYTHON_TARGET=mlflow` runs the same tests against a stock server: that is how they are known to ask what MLflow does.
TARGET = os.environ.get("RUNNEL_PYTHON_TARGET", "runnel")


def server_command() -> list[str]:
    if TARGET == "mlflow":
        return [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    return [str(ROOT / "node_modules" / ".bin" / "node"), str(ROOT / "sync-server" / "main.ts"), "server"]


def storage_flags(folder: Path) -> list[str]:
    return [
        "--backend-store-uri",
        f"sqlite:///{folder / 'runnel.db'}",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    """One `runnel server` process on a data folder of its own. It can be killed and started again on the same folder and port."""

    def __init__(self, folder: Path, *flags: str):
        self.folder = folder
        self.flags = flags
        self.port = 0
        self.process = None
        self.output = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Host":
        self.folder.mkdir(parents=True, exist_ok=True)
        if TARGET == "mlflow" and self.port == 0:
            self.port = free_port()
        command = [*server_command(), "--port", str(self.port), *storage_flags(self.folder), *self.flags]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        # Read all the time: a full pipe would stop the host.
        threading.Thread(target=self.read_output, args=(self.process,), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError("the host did not start:\n" + "".join(self.output))
            time.sleep(0.05)
        return self

    def read_output(self, process) -> None:
        for line in process.stdout:
            self.output.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found and self.port == 0:
                self.port = int(found[1])

    def answers(self) -> bool:
        try:
            return self.port != 0 and requests.get(f"{self.uri}/health", timeout=5).text == "OK"
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """As a power cut of the process: no goodbye."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(10)

    def stop(self) -> int:
        """As a service manager stops it. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@pytest.fixture(scope="module")
def make_host(tmp_path_factory):
    """Start hosts that end with the module."""
    hosts = []

    def make(*flags: str) -> Host:
        host = Host(tmp_path_factory.mktemp("host"), *flags)
        hosts.append(host)
        return host.start()

    yield make
    for host in hosts:
        host.stop()


@pytest.fixture(scope="module")
def host(make_host):
    return make_host()


@pytest.fixture
def mlflow(host, monkeypatch, tmp_path):
    """The stock client, looking at `host`, in a working folder of its own."""
    return look_at(host, monkeypatch, tmp_path)


def look_at(host: Host, monkeypatch, tmp_path, experiment_id="0"):
    import mlflow

    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(host.uri)
    mlflow.set_experiment(experiment_id=experiment_id)
    while mlflow.active_run():
        mlflow.end_run()
    return mlflow


def run_script(name: str, host: Host, cwd: Path, **env: str) -> str:
    """Run a user's script in a process of its own, told of the host by environment only. Returns what it printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name)],
        cwd=cwd,
        env={**os.environ, "MLFLOW_TRACKING_URI": host.uri, **env},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def major() -> int:
    import mlflow

    return int(mlflow.__version__.split(".")[0])


needs_mlflow_3 = pytest.mark.skipif(major() < 3, reason="logged models came with MLflow 3")
