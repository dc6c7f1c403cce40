// A training script in one line: a curve of 30 points, then a small model with its signature and an example.

/// `pause` is the time between two points, seconds.
export const train = (pause) =>
  [
    'import time, mlflow',
    'from mlflow.models import infer_signature',
    'from sklearn.datasets import load_iris',
    'from sklearn.linear_model import LogisticRegression',
    'x, y = load_iris(return_X_y=True, as_frame=True)',
    'mlflow.start_run()',
    `[(mlflow.log_metric("loss", 1 / (i + 1), step=i), print("step", i, flush=True), time.sleep(${pause})) for i in range(30)]`,
    'm = LogisticRegression(max_iter=500).fit(x, y)',
    'mlflow.log_text("150 rows of iris", "notes/read.txt")',
    'mlflow.sklearn.log_model(m, name="iris", serialization_format="skops", signature=infer_signature(x, m.predict(x)), input_example=x.head(2))',
  ].join('; ');

/// A small model and its score, at once; what it requires is said, as finding that out takes longer than all the rest.
export const scored = (score) =>
  [
    'import mlflow',
    'from mlflow.models import infer_signature',
    'from sklearn.datasets import load_iris',
    'from sklearn.linear_model import LogisticRegression',
    'x, y = load_iris(return_X_y=True, as_frame=True)',
    'mlflow.start_run()',
    `mlflow.log_metric("val_auc", ${score})`,
    'm = LogisticRegression(max_iter=500).fit(x, y)',
    'mlflow.sklearn.log_model(m, name="iris", serialization_format="skops", signature=infer_signature(x, m.predict(x)), input_example=x.head(2), pip_requirements=["scikit-learn"])',
  ].join('; ');

/// Waits until what a team works with is made.
export async function environments(api, until) {
  for (const name of ['notebook', 'train', 'serve']) {
    await until(`environment ${name}`, async () => (await api('GET', `/environments/${name}`)).latest.build === 'ready', 540);
  }
}
