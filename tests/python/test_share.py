"""A host that is shared: somebody with a link logs into its experiment with the stock client and what the link holds, and nowhere else."""

import pytest
import requests
from mlflow import MlflowClient, MlflowException

from conftest import look_at

TOKEN = "a-token-of-the-tests-1234567890"


@pytest.fixture(scope="module")
def host(make_host):
    return make_host("--token", TOKEN)


@pytest.fixture(scope="module")
def owner(host):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"

    def post(path, body):
        answer = session.post(host.uri + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    return post


@pytest.fixture(scope="module")
def experiment(owner):
    return owner("/api/2.0/mlflow/experiments/create", {"name": "shared"})["experiment_id"]


def link(owner, experiment, role):
    share = {"rooms": [f"x.{experiment}", f"n.{experiment}"], "role": role}
    return owner("/sync/shares", share)["capability"]


def shown(kind, host, capability):
    """What goes into MLFLOW_TRACKING_TOKEN: the capability itself, or a token it was changed for."""
    if kind == "capability":
        return capability
    return requests.post(f"{host.uri}/sync/token", json={"capability": capability, "client": kind}, timeout=10).json()["token"]


@pytest.mark.parametrize("kind", ["capability", "token", "password"])
def test_an_editor_logs_runs(kind, host, owner, experiment, monkeypatch, tmp_path):
    secret = shown(kind, host, link(owner, experiment, "editor"))
    if kind == "password":
        monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", secret)
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", secret)
    mlflow = look_at(host, monkeypatch, tmp_path, experiment)
    mlflow.set_experiment("shared")
    with mlflow.start_run(run_name=kind) as run:
        mlflow.log_param("a", 1)
        mlflow.log_params({"b": 2, "c": 3})
        for step in range(3):
            mlflow.log_metric("m", 1.0 / (step + 1), step=step)
        mlflow.log_text("a note", "notes/note.txt")
        mlflow.set_tag("t", "v")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/note.txt") == "a note"
    assert [entry.path for entry in MlflowClient().list_artifacts(run.info.run_id, "notes")] == ["notes/note.txt"]
    found = mlflow.search_runs(experiment_names=["shared"], filter_string=f"attributes.run_name = '{kind}'")
    assert found.iloc[0]["params.b"] == "2"
    assert [point.value for point in MlflowClient().get_metric_history(run.info.run_id, "m")] == [1.0, 0.5, 1.0 / 3]
    mlflow.delete_run(run.info.run_id)


def test_an_editor_reaches_nothing_else(host, owner, experiment, monkeypatch, tmp_path):
    other = owner("/api/2.0/mlflow/experiments/create", {"name": "other"})["experiment_id"]
    run = owner("/api/2.0/mlflow/runs/create", {"experiment_id": other})["run"]["info"]["run_id"]
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", link(owner, experiment, "editor"))
    look_at(host, monkeypatch, tmp_path, experiment)
    client = MlflowClient()
    for attempt in (
        lambda: client.get_run(run),
        lambda: client.log_metric(run, "m", 1),
        lambda: client.create_run(other),
        lambda: client.log_text(run, "x", "x.txt"),
        lambda: client.get_experiment_by_name("other"),
        lambda: client.create_experiment("mine"),
        lambda: client.search_experiments(),
        lambda: client.create_registered_model("mine"),
    ):
        with pytest.raises(MlflowException, match="(?i)(PERMISSION_DENIED|403|does not give)"):
            attempt()


def test_a_viewer_reads_and_a_link_taken_back_is_over(host, owner, experiment, monkeypatch, tmp_path):
    run = owner("/api/2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    capability = link(owner, experiment, "viewer")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", capability)
    look_at(host, monkeypatch, tmp_path, experiment)
    client = MlflowClient()
    assert client.get_run(run).info.experiment_id == experiment
    with pytest.raises(MlflowException, match="(?i)(PERMISSION_DENIED|403|does not give)"):
        client.log_metric(run, "m", 1)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for share in requests.get(f"{host.uri}/sync/shares", headers=headers, timeout=10).json()["shares"]:
        requests.delete(f"{host.uri}/sync/shares/{share['id']}", headers=headers, timeout=10).raise_for_status()
    with pytest.raises(MlflowException, match="(?i)(401|UNAUTHENTICATED|nobody)"):
        client.get_run(run)
