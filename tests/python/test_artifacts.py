"""Files of every kind, through the client's own functions, and back byte for byte."""

import json
import os

import pytest
from mlflow import MlflowClient, MlflowException

from conftest import look_at


@pytest.fixture
def run(mlflow):
    mlflow.set_experiment("artifacts")
    with mlflow.start_run() as run:
        yield run


def test_files_texts_and_dicts(mlflow, run, tmp_path):
    blob = os.urandom(300_000)
    (tmp_path / "weights.bin").write_bytes(blob)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "übung mit leerzeichen.txt").write_text("ja", encoding="utf-8")
    mlflow.log_artifact(str(tmp_path / "weights.bin"))
    mlflow.log_artifact(str(tmp_path / "empty.txt"), "deep/er")
    mlflow.log_artifact(str(tmp_path / "übung mit leerzeichen.txt"), "deep")
    mlflow.log_text("hello", "notes/a.md")
    mlflow.log_dict({"a": [1, 2]}, "data.json")
    mlflow.log_dict({"a": [1, 2]}, "data.yaml")
    client = MlflowClient()
    entries = {entry.path: (entry.is_dir, entry.file_size) for entry in client.list_artifacts(run.info.run_id)}
    assert entries["weights.bin"] == (False, 300_000)
    assert entries["deep"][0] and entries["notes"][0]
    assert {entry.path for entry in client.list_artifacts(run.info.run_id, "deep")} == {
        "deep/er",
        "deep/übung mit leerzeichen.txt",
    }
    folder = client.download_artifacts(run.info.run_id, "", str(tmp_path_of(tmp_path)))
    assert open(os.path.join(folder, "weights.bin"), "rb").read() == blob
    assert open(os.path.join(folder, "deep/er/empty.txt"), "rb").read() == b""
    assert open(os.path.join(folder, "deep/übung mit leerzeichen.txt"), encoding="utf-8").read() == "ja"
    assert json.load(open(os.path.join(folder, "data.json"))) == {"a": [1, 2]}
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.md") == "hello"


def tmp_path_of(tmp_path):
    target = tmp_path / "back"
    target.mkdir()
    return target


def test_a_folder_at_once(mlflow, run, tmp_path):
    source = tmp_path / "source"
    for i in range(40):
        (source / f"d{i % 4}").mkdir(parents=True, exist_ok=True)
        (source / f"d{i % 4}" / f"{i}.txt").write_text(str(i))
    mlflow.log_artifacts(str(source), "tree")
    back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="tree", dst_path=str(tmp_path_of(tmp_path)))
    found = {os.path.relpath(os.path.join(at, name), back) for at, _, names in os.walk(back) for name in names}
    assert found == {f"d{i % 4}/{i}.txt" for i in range(40)}


def test_figures_images_and_tables(mlflow, run):
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd

    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0])
    mlflow.log_figure(figure, "plots/line.png")
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    mlflow.log_image(image, "black.png")
    mlflow.log_image(image, key="sample", step=3)
    mlflow.log_table({"q": ["a"], "n": [1]}, "table.json")
    mlflow.log_table(pd.DataFrame({"q": ["b"], "n": [2]}), "table.json")
    client = MlflowClient()
    assert [entry.path for entry in client.list_artifacts(run.info.run_id, "plots")] == ["plots/line.png"]
    assert len(client.list_artifacts(run.info.run_id, "images")) == 2
    table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
    assert list(table["q"]) == ["a", "b"] and list(table["n"]) == [1, 2]


def test_a_file_logged_again_is_replaced(mlflow, run):
    mlflow.log_text("one", "note.txt")
    mlflow.log_text("two", "note.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == "two"


def test_a_missing_file_says_so(mlflow, run, tmp_path):
    with pytest.raises(Exception, match="(?i)(no such|not found|does not exist|unable|failed)"):
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="nothing.txt", dst_path=str(tmp_path))


def test_uploads_in_parts(host, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(5 * 1024 * 1024))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * 1024 * 1024))
    mlflow = look_at(host, monkeypatch, tmp_path)
    blob = os.urandom(12 * 1024 * 1024 + 17)
    (tmp_path / "large.bin").write_bytes(blob)
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "large.bin"), "big")
    back = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="big/large.bin", dst_path=str(tmp_path_of(tmp_path))
    )
    assert open(back, "rb").read() == blob


def test_a_file_root_is_written_by_the_client_and_listed_by_the_host(make_host, monkeypatch, tmp_path):
    import requests

    root = tmp_path / "root"
    root.mkdir()
    host = make_host("--default-artifact-root", root.as_uri())
    mlflow = look_at(host, monkeypatch, tmp_path)
    mlflow.set_experiment("on disk")
    with mlflow.start_run() as run:
        mlflow.log_text("on disk", "notes/a.txt")
    assert run.info.artifact_uri.startswith(root.as_uri())
    assert [path.read_text() for path in root.rglob("a.txt")] == ["on disk"]
    listed = requests.get(
        f"{host.uri}/api/2.0/mlflow/artifacts/list", params={"run_id": run.info.run_id, "path": "notes"}, timeout=10
    ).json()
    assert listed["files"] == [{"path": "notes/a.txt", "is_dir": False, "file_size": 7}]
    served = requests.get(f"{host.uri}/get-artifact", params={"run_id": run.info.run_id, "path": "notes/a.txt"}, timeout=10)
    assert served.content == b"on disk"
    (tmp_path / "secret.txt").write_text("secret")
    for path in ("../secret.txt", "../../../../secret.txt", str(tmp_path / "secret.txt")):
        refused = requests.get(f"{host.uri}/get-artifact", params={"run_id": run.info.run_id, "path": path}, timeout=10)
        assert refused.status_code == 400 and b"secret" not in refused.content.replace(b"secret.txt", b"")
