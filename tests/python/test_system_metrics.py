"""System metrics that the stock client logs, and that runnel.js logs under the same names."""

import inspect
import json
import re
import time
from pathlib import Path

from mlflow import MlflowClient
from mlflow.system_metrics.metrics import gpu_monitor, rocm_monitor
from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

from conftest import needs_mlflow_3

NAMES = json.loads((Path(__file__).parents[1] / "fixtures" / "mlflow-system-metrics.json").read_text())["names"]


def test_the_names_are_those_of_the_client():
    names = set()
    for monitor in (CPUMonitor(), DiskMonitor(), NetworkMonitor()):
        monitor.collect_metrics()
        names |= set(monitor.aggregate_metrics())
    assert {name for name in NAMES if not name.startswith("gpu_")} == names


@needs_mlflow_3
def test_the_names_of_graphics_cards_are_those_of_the_client():
    source = inspect.getsource(gpu_monitor) + inspect.getsource(rocm_monitor)
    names = {f"gpu_0_{name}" for name in re.findall(r'f"gpu_\{i\}_(\w+)"', source)}
    # What it would log with a later library stands there as a remark.
    assert {name for name in NAMES if name.startswith("gpu_")} == names - {"gpu_0_memory_busy_time_percent"}


def test_a_stock_run_logs_them(mlflow, monkeypatch):
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.3")
    with mlflow.start_run(log_system_metrics=True) as run:
        time.sleep(2)
    logged = MlflowClient().get_run(run.info.run_id).data.metrics
    assert {f"system/{name}" for name in NAMES if not name.startswith("gpu_")} <= set(logged)
    history = MlflowClient().get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
    assert [point.step for point in history] == list(range(len(history)))
