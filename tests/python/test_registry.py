"""The model registry through MlflowClient."""

import time

import pytest
from mlflow import MlflowClient, MlflowException


@pytest.fixture
def client(mlflow):
    return MlflowClient()


@pytest.fixture
def name(client):
    name = f"model {time.time_ns()}"
    client.create_registered_model(name, tags={"team": "a"}, description="first")
    return name


@pytest.fixture
def source(mlflow):
    with mlflow.start_run() as run:
        mlflow.log_text("weights", "model/weights.txt")
    return run


def test_models_are_made_found_renamed_and_deleted(mlflow, client, name):
    with pytest.raises(MlflowException, match="already exists"):
        client.create_registered_model(name)
    client.update_registered_model(name, "second")
    client.set_registered_model_tag(name, "colour", "red")
    client.delete_registered_model_tag(name, "team")
    model = client.get_registered_model(name)
    assert model.description == "second" and model.tags == {"colour": "red"}
    client.rename_registered_model(name, f"{name} new")
    found = client.search_registered_models(f"name LIKE '{name}%' AND tags.colour = 'red'", order_by=["name DESC"])
    assert [entry.name for entry in found] == [f"{name} new"]
    client.delete_registered_model(f"{name} new")
    with pytest.raises(MlflowException, match="not found"):
        client.get_registered_model(f"{name} new")


def test_versions_count_up_and_are_never_reused(mlflow, client, name, source):
    uri = f"{source.info.artifact_uri}/model"
    versions = [client.create_model_version(name, uri, run_id=source.info.run_id, tags={"n": str(i)}) for i in range(3)]
    assert [int(version.version) for version in versions] == [1, 2, 3]
    client.delete_model_version(name, "3")
    assert int(client.create_model_version(name, uri, run_id=source.info.run_id).version) == 4
    client.update_model_version(name, "1", "the first")
    client.set_model_version_tag(name, "1", "k", "v")
    client.delete_model_version_tag(name, "1", "n")
    first = client.get_model_version(name, "1")
    assert first.description == "the first" and first.tags == {"k": "v"} and first.status == "READY"
    assert client.get_model_version_download_uri(name, "1") == uri
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
    assert [int(version.version) for version in found] == [1, 2, 4]
    assert [int(v.version) for v in client.search_model_versions(f"run_id = '{source.info.run_id}' and name = '{name}'")] == [1, 4, 2]
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version(name, "3")


def test_aliases_move(mlflow, client, name, source):
    uri = f"{source.info.artifact_uri}/model"
    for _ in range(2):
        client.create_model_version(name, uri, run_id=source.info.run_id)
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "2")
    assert int(client.get_model_version_by_alias(name, "champion").version) == 2
    assert client.get_model_version(name, "2").aliases == ["champion"]
    assert client.get_registered_model(name).aliases == {"champion": "2"}
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version_by_alias(name, "champion")
    with pytest.raises(MlflowException, match="reserved"):
        client.set_registered_model_alias(name, "latest", "1")


def test_stages_and_archive(mlflow, client, name, source):
    uri = f"{source.info.artifact_uri}/model"
    for _ in range(2):
        client.create_model_version(name, uri, run_id=source.info.run_id)
    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    assert client.get_model_version(name, "1").current_stage == "Archived"
    assert client.get_model_version(name, "2").current_stage == "Production"
    latest = client.get_latest_versions(name, stages=["Production"])
    assert [int(version.version) for version in latest] == [2]
    with pytest.raises(MlflowException, match="Invalid Model Version stage"):
        client.transition_model_version_stage(name, "1", "Nowhere")


def test_register_model_of_a_run(mlflow, client):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, "model", input_example=[[0.0]])
    name = f"registered {time.time_ns()}"
    version = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"from": "run"})
    assert int(version.version) == 1
    loaded = mlflow.pyfunc.load_model(f"models:/{name}/1")
    assert loaded.predict([[3.0]])[0] == pytest.approx(6.0)
    assert mlflow.sklearn.load_model(f"models:/{name}/latest").coef_[0] == pytest.approx(2.0)
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    assert int(again.version) == 2
