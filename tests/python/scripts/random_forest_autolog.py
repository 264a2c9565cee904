import mlflow
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

mlflow.set_experiment("iris-forest")
mlflow.sklearn.autolog()

X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)

with mlflow.start_run() as run:
    forest = RandomForestClassifier(n_estimators=20, max_depth=4, random_state=7)
    forest.fit(X_train, y_train)
    forest.score(X_test, y_test)

print(run.info.run_id)
