"""Sweep ElasticNet over alpha and l1_ratio; one parent run, one nested run for each pair, the best model registered."""
import itertools
import sys

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split


def eval_metrics(actual, pred):
    rmse = np.sqrt(mean_squared_error(actual, pred))
    mae = mean_absolute_error(actual, pred)
    r2 = r2_score(actual, pred)
    return rmse, mae, r2


if __name__ == "__main__":
    np.random.seed(40)

    data = load_diabetes(as_frame=True)
    frame = pd.concat([data.data, data.target.rename("progression")], axis=1)
    train, test = train_test_split(frame, random_state=40)
    train_x, train_y = train.drop(columns="progression"), train["progression"]
    test_x, test_y = test.drop(columns="progression"), test["progression"]

    mlflow.set_experiment("diabetes-elasticnet")

    with mlflow.start_run(run_name="sweep") as sweep:
        mlflow.set_tag("mlflow.note.content", "ElasticNet on the **diabetes** data")
        mlflow.log_input(mlflow.data.from_pandas(train, name="diabetes", targets="progression"), context="training")

        best = None
        for alpha, l1_ratio in itertools.product([0.01, 0.1, 0.5], [0.1, 0.5, 0.9]):
            with mlflow.start_run(run_name=f"alpha={alpha} l1_ratio={l1_ratio}", nested=True) as run:
                lr = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, random_state=42)
                lr.fit(train_x, train_y)
                predicted = lr.predict(test_x)
                rmse, mae, r2 = eval_metrics(test_y, predicted)

                mlflow.log_param("alpha", alpha)
                mlflow.log_param("l1_ratio", l1_ratio)
                mlflow.log_metric("rmse", rmse)
                mlflow.log_metric("r2", r2)
                mlflow.log_metric("mae", mae)

                if best is None or rmse < best[0]:
                    best = (rmse, run.info.run_id, lr, infer_signature(train_x, predicted))

        rmse, run_id, model, signature = best
        mlflow.log_metric("best_rmse", rmse)
        mlflow.set_tag("best_run", run_id)
        mlflow.sklearn.log_model(
            model,
            "model",
            signature=signature,
            input_example=train_x.iloc[:3],
            registered_model_name="DiabetesElasticNet",
        )

    print(f"sweep {sweep.info.run_id} best {run_id} rmse {rmse:.4f}", file=sys.stdout)
