"""A host with a token: the client works with MLFLOW_TRACKING_TOKEN, and is refused without it."""

import pytest
import requests
from mlflow import MlflowClient, MlflowException

from conftest import look_at, run_script

TOKEN = "a-token-of-the-tests-1234567890"


@pytest.fixture(scope="module")
def host(make_host):
    return make_host("--token", TOKEN)


def test_refused_without_and_with_a_wrong_token(host, monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    for token in (None, "wrong"):
        if token:
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        with pytest.raises(MlflowException, match="(?i)(401|token|unauth)"):
            MlflowClient(host.uri).create_experiment(f"nobody {token}")
    for path in ("/api/2.0/mlflow/experiments/search?max_results=1", "/get-artifact?run_id=a&path=b", "/api/2.0/mlflow-artifacts/artifacts"):
        assert requests.get(host.uri + path, timeout=10).status_code == 401
    assert requests.get(host.uri + "/health", timeout=10).text == "OK"


def test_everything_works_with_it(host, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    mlflow = look_at(host, monkeypatch, tmp_path)
    mlflow.set_experiment("guarded")
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
        mlflow.log_metric("m", 2.0)
        mlflow.log_text("secret note", "note.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == "secret note"
    assert mlflow.search_runs(filter_string="metrics.m = 2").iloc[0]["params.a"] == "1"


def test_the_scripts_run_with_it(host, tmp_path):
    printed = run_script("elasticnet_sweep.py", host, tmp_path, MLFLOW_TRACKING_TOKEN=TOKEN)
    assert "sweep " in printed
    forest = run_script("random_forest_autolog.py", host, tmp_path, MLFLOW_TRACKING_TOKEN=TOKEN)
    assert len(forest.split()[-1]) == 32


def test_parts_are_uploaded_to_a_guarded_host(host, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(5 * 1024 * 1024))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * 1024 * 1024))
    mlflow = look_at(host, monkeypatch, tmp_path)
    (tmp_path / "large.bin").write_bytes(b"x" * (11 * 1024 * 1024))
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "large.bin"))
    (entry,) = MlflowClient().list_artifacts(run.info.run_id)
    assert entry.file_size == 11 * 1024 * 1024
