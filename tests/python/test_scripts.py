"""Scripts as users have them, run word for word."""

import mlflow as client_library
import pytest
from mlflow import MlflowClient

from conftest import major, run_script


@pytest.fixture(scope="module")
def sweep(host, tmp_path_factory):
    printed = run_script("elasticnet_sweep.py", host, tmp_path_factory.mktemp("sweep"))
    words = [line for line in printed.splitlines() if line.startswith("sweep ")][0].split()
    return {"sweep": words[1], "best": words[3], "rmse": float(words[5])}


def test_sweep_has_one_parent_and_nine_nested_runs_in_order(mlflow, sweep):
    runs = mlflow.search_runs(
        experiment_names=["diabetes-elasticnet"],
        filter_string=f"tags.mlflow.parentRunId = '{sweep['sweep']}'",
        order_by=["metrics.rmse ASC"],
    )
    assert len(runs) == 9
    assert runs.iloc[0]["run_id"] == sweep["best"]
    assert list(runs["metrics.rmse"]) == sorted(runs["metrics.rmse"])
    assert set(runs["params.alpha"]) == {"0.01", "0.1", "0.5"}
    assert set(runs["status"]) == {"FINISHED"}


def test_sweep_parent_holds_dataset_best_metric_and_note(mlflow, sweep):
    run = mlflow.get_run(sweep["sweep"])
    assert run.data.metrics["best_rmse"] == pytest.approx(sweep["rmse"], abs=1e-4)
    assert run.data.tags["mlflow.note.content"].startswith("ElasticNet")
    (dataset_input,) = run.inputs.dataset_inputs
    assert dataset_input.dataset.name == "diabetes"
    assert [(tag.key, tag.value) for tag in dataset_input.tags] == [("mlflow.data.context", "training")]


def test_sweep_model_loads_by_every_name_and_predicts_alike(mlflow, sweep, host):
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True).data.iloc[:5]
    client = MlflowClient()
    version = client.get_model_version("DiabetesElasticNet", "1")
    assert version.run_id == sweep["sweep"]
    client.set_registered_model_alias("DiabetesElasticNet", "champion", "1")
    names = ["models:/DiabetesElasticNet/1", "models:/DiabetesElasticNet@champion", f"runs:/{sweep['sweep']}/model"]
    predictions = [mlflow.pyfunc.load_model(name).predict(data).tolist() for name in names]
    assert predictions[0] == predictions[1] == predictions[2]
    assert len(predictions[0]) == 5


def test_autologged_forest_is_whole(mlflow, host, tmp_path):
    run_id = run_script("random_forest_autolog.py", host, tmp_path).split()[-1]
    run = mlflow.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["n_estimators"] == "20"
    assert run.data.tags["estimator_name"] == "RandomForestClassifier"
    assert run.data.metrics["training_accuracy_score"] > 0.9
    assert any(key.startswith("RandomForestClassifier_score") for key in run.data.metrics)
    names = {entry.path for entry in MlflowClient().list_artifacts(run_id)}
    assert {"training_confusion_matrix.png", "estimator.html"} <= names
    assert len(run.inputs.dataset_inputs) >= 1
    if major() >= 3:
        (output,) = run.outputs.model_outputs
        model = client_library.get_logged_model(output.model_id)
        assert model.status == "READY"
        assert model.params["n_estimators"] == "20"
        assert {metric.key for metric in model.metrics} >= {"training_accuracy_score"}
        assert hasattr(mlflow.sklearn.load_model(f"models:/{output.model_id}"), "predict")
    else:
        assert hasattr(mlflow.sklearn.load_model(f"runs:/{run_id}/model"), "predict")
