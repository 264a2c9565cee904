"""Everything people log, through the stock client's own functions, read back through them."""

import math
import time

import pytest
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric, Param, RunTag, ViewType

from conftest import needs_mlflow_3


@pytest.fixture
def client(mlflow):
    return MlflowClient()


@pytest.fixture
def experiment(mlflow, request):
    return mlflow.set_experiment(f"exp {request.node.name} {time.time_ns()}")


def test_runs_nest_and_end_as_they_ended(mlflow, experiment, client):
    with mlflow.start_run(run_name="parent", description="what for") as parent:
        with mlflow.start_run(nested=True, tags={"team": "cellar"}) as child:
            pass
    with pytest.raises(ValueError):
        with mlflow.start_run(run_name="broken") as broken:
            raise ValueError("the author's own")
    assert client.get_run(parent.info.run_id).data.tags["mlflow.note.content"] == "what for"
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert client.get_run(child.info.run_id).data.tags["team"] == "cellar"
    assert client.get_run(broken.info.run_id).info.status == "FAILED"
    assert client.get_run(parent.info.run_id).info.end_time >= parent.info.start_time
    found = mlflow.search_runs(filter_string="run_name = 'parent'")
    assert list(found["run_id"]) == [parent.info.run_id]


def test_a_run_can_be_resumed(mlflow, experiment, client):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1.0, step=0)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("loss", 0.5, step=1)
    points = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in points] == [(0, 1.0), (1, 0.5)]
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def test_params_and_tags_singly_and_many_at_once(mlflow, experiment, client):
    with mlflow.start_run() as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({f"p{i}": i for i in range(250)})
        mlflow.set_tag("stage", "draft")
        mlflow.set_tags({f"t{i}": str(i) for i in range(250)})
        mlflow.set_tag("stage", "final")
        mlflow.delete_tag("t0")
        with pytest.raises(MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("lr", 0.2)
        mlflow.log_param("lr", 0.1)
    data = client.get_run(run.info.run_id).data
    assert data.params["lr"] == "0.1" and data.params["p249"] == "249" and len(data.params) == 251
    assert data.tags["stage"] == "final" and "t0" not in data.tags and data.tags["t249"] == "249"


def test_metrics_keep_every_point_in_order(mlflow, experiment, client):
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"train/acc": 0.5, "val/acc": 0.4}, step=7)
        mlflow.log_metric("late", 1.0, step=-3)
    points = client.get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in points] == list(range(50))
    assert points[9].value == 1 / 10
    data = client.get_run(run.info.run_id).data
    assert data.metrics == {"loss": 1 / 50, "train/acc": 0.5, "val/acc": 0.4, "late": 1.0}


def test_values_that_are_no_numbers(mlflow, experiment, client):
    with mlflow.start_run() as run:
        for step, value in enumerate([math.nan, math.inf, -math.inf, -0.0, 5e-324]):
            mlflow.log_metric("odd", value, step=step)
    values = [point.value for point in client.get_metric_history(run.info.run_id, "odd")]
    assert math.isnan(values[0])
    # What a stock server answers for infinities, and what its clients therefore see.
    assert values[1:] == [1.7976931348623157e308, -1.7976931348623157e308, 0.0, 5e-324]


def test_a_long_history_is_paged_whole(mlflow, experiment, client):
    with mlflow.start_run() as run:
        for start in range(0, 30_000, 1000):
            client.log_batch(run.info.run_id, metrics=[Metric("m", i * 0.5, 1000 + i, i) for i in range(start, start + 1000)])
    points = client.get_metric_history(run.info.run_id, "m")
    assert len(points) == 30_000
    assert [points[i].value for i in (0, 25_000, 29_999)] == [0, 12_500.0, 14_999.5]


def test_log_batch_of_everything(mlflow, experiment, client):
    run = client.create_run(experiment.experiment_id)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(f"m{i}", float(i), 5, 0) for i in range(900)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
    )
    data = client.get_run(run.info.run_id).data
    assert len(data.metrics) == 900 and len(data.params) == 100 and data.tags["t99"] == "99"
    client.set_terminated(run.info.run_id, "KILLED")
    assert client.get_run(run.info.run_id).info.status == "KILLED"


def test_async_logging_arrives(mlflow, experiment, client):
    with mlflow.start_run() as run:
        waiting = [mlflow.log_metric("loss", i, step=i, synchronous=False) for i in range(200)]
        waiting.append(mlflow.log_params({"a": 1, "b": 2}, synchronous=False))
        waiting.append(mlflow.set_tags({"c": "3"}, synchronous=False))
        for operations in waiting:
            operations.wait()
    mlflow.flush_async_logging()
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 200
    data = client.get_run(run.info.run_id).data
    assert data.params == {"a": "1", "b": "2"} and data.tags["c"] == "3"


def test_system_metrics_are_logged(mlflow, experiment, client):
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        time.sleep(1.5)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in metrics
    assert metrics["system/system_memory_usage_megabytes"] > 0


def test_datasets_are_inputs(mlflow, experiment, client):
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="frame.csv", name="tiny", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"split": "a"})
    (entry,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("tiny", dataset.digest)
    assert {tag.key: tag.value for tag in entry.tags} == {"mlflow.data.context": "training", "split": "a"}
    found = mlflow.search_runs(filter_string="dataset.name = 'tiny' and datasets.context = 'training'")
    assert list(found["run_id"]) == [run.info.run_id]


@needs_mlflow_3
def test_models_are_inputs_outputs_and_measured(mlflow, experiment, client):
    model = mlflow.create_external_model(name="elsewhere", params={"k": "v"}, tags={"t": "1"}, model_type="agent")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.75, step=3, model_id=model.model_id)
        mlflow.log_outputs(models=[mlflow.entities.LoggedModelOutput(model.model_id, step=3)])
    whole = client.get_run(run.info.run_id)
    assert [entry.model_id for entry in whole.inputs.model_inputs] == [model.model_id]
    assert [(entry.model_id, entry.step) for entry in whole.outputs.model_outputs] == [(model.model_id, 3)]
    (metric,) = mlflow.get_logged_model(model.model_id).metrics
    assert (metric.key, metric.value, metric.run_id, metric.step) == ("accuracy", 0.75, run.info.run_id, 3)
    found = mlflow.search_logged_models(
        experiment_ids=[experiment.experiment_id],
        filter_string="metrics.accuracy > 0.5 AND name = 'elsewhere'",
        order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
        output_format="list",
    )
    assert [entry.model_id for entry in found] == [model.model_id]
    mlflow.set_logged_model_tags(model.model_id, {"reviewed": "yes"})
    mlflow.delete_logged_model_tag(model.model_id, "t")
    assert mlflow.get_logged_model(model.model_id).tags.get("reviewed") == "yes"
    client.delete_logged_model(model.model_id)
    with pytest.raises(MlflowException, match="not found"):
        mlflow.get_logged_model(model.model_id)


def test_experiments_live_die_and_come_back(mlflow, client):
    name = f"lifecycle {time.time_ns()}"
    experiment_id = mlflow.create_experiment(name, tags={"team": "a"})
    assert mlflow.get_experiment_by_name(name).experiment_id == experiment_id
    with pytest.raises(MlflowException, match="already exists"):
        mlflow.create_experiment(name)
    client.rename_experiment(experiment_id, f"{name} renamed")
    client.set_experiment_tag(experiment_id, "team", "b")
    assert client.get_experiment(experiment_id).tags["team"] == "b"
    run = client.create_run(experiment_id)
    mlflow.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    deleted = mlflow.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string=f"name = '{name} renamed'")
    assert [entry.experiment_id for entry in deleted] == [experiment_id]
    client.restore_experiment(experiment_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"
    found = mlflow.search_experiments(filter_string=f"name LIKE '{name}%' AND tags.team = 'b'", order_by=["name DESC"])
    assert [entry.experiment_id for entry in found] == [experiment_id]


def test_runs_are_deleted_and_restored(mlflow, experiment, client):
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
    mlflow.delete_run(run.info.run_id)
    assert len(mlflow.search_runs()) == 0
    assert len(mlflow.search_runs(run_view_type=ViewType.DELETED_ONLY)) == 1
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.log_metric(run.info.run_id, "m", 2)
    client.restore_run(run.info.run_id)
    assert len(mlflow.search_runs()) == 1


def test_search_pages_filters_and_sorts(mlflow, experiment, client):
    for i in range(25):
        run = client.create_run(experiment.experiment_id, start_time=1000 + i, tags={"parity": "odd" if i % 2 else "even"})
        client.log_metric(run.info.run_id, "score", i)
        client.log_param(run.info.run_id, "name", f"Run {i:02}")
    page = client.search_runs([experiment.experiment_id], "", max_results=10, order_by=["metrics.score DESC"])
    scores = [run.data.metrics["score"] for run in page]
    while page.token:
        page = client.search_runs(
            [experiment.experiment_id], "", max_results=10, order_by=["metrics.score DESC"], page_token=page.token
        )
        scores += [run.data.metrics["score"] for run in page]
    assert scores == list(range(24, -1, -1))

    def names(filter_string):
        found = client.search_runs([experiment.experiment_id], filter_string, order_by=["params.name"])
        return [run.data.params["name"] for run in found]

    assert names("metrics.score >= 23 and tags.parity = 'odd'") == ["Run 23"]
    assert names("params.name LIKE 'Run 0%' and metrics.score < 3") == ["Run 00", "Run 01", "Run 02"]
    assert names("params.name ILIKE 'RUN 1_' and tags.parity != 'even' and metrics.score > 16") == ["Run 17", "Run 19"]
    assert names("attributes.start_time > 1022 and tags.missing IS NULL") == ["Run 23", "Run 24"]
    with pytest.raises(MlflowException, match="Invalid"):
        names("metrics.score !! 3")
