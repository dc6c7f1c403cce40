"""Trains a classifier of handwritten digits and tells MLflow everything about it.

The data are scikit-learn's 1 797 scanned digits of 8 x 8 pixels, which come with the package: nothing is
downloaded. A linear classifier is trained by stochastic gradient descent, epoch after epoch, and after each one
the loss and the accuracy on the training and on held-out data are logged, so that the curves can be watched
while it runs.

    python train.py --epochs 40 --lr 0.002 --seed 7

Slipway sets MLFLOW_TRACKING_URI, a token and MLFLOW_RUN_ID, so `mlflow.start_run()` goes on with the run that
was submitted. Anywhere else it starts a run of its own.

What it leaves in the run:
    parameters   epochs, lr, seed, batch_size, alpha, train_rows, val_rows
    metrics      loss, accuracy, val_loss, val_accuracy, epoch_seconds, by epoch
    dataset      digits, as the run's training input
    artifacts    confusion_matrix.csv and, where matplotlib is installed, confusion_matrix.png
    model        "model", with signature and input example, ready to be registered and deployed
"""

import argparse
import time

import mlflow
import numpy as np
import pandas as pd
import sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split

DIGITS = np.arange(10)


def main() -> None:
    options = parse_options()
    rows, digits = load_digits(return_X_y=True)
    rows = rows / 16.0  # grey levels from 0 to 1
    train_rows, val_rows, train_digits, val_digits = train_test_split(
        rows, digits, test_size=0.25, random_state=options.seed, stratify=digits
    )

    with mlflow.start_run() as run:
        print(f"run {run.info.run_id}: {len(train_rows)} digits to train on, {len(val_rows)} held out", flush=True)
        mlflow.log_params({**vars(options), "train_rows": len(train_rows), "val_rows": len(val_rows)})
        mlflow.log_input(mlflow.data.from_numpy(train_rows, targets=train_digits, name="digits"), context="training")
        model = train(options, train_rows, train_digits, val_rows, val_digits)
        log_confusion(val_digits, model.predict(val_rows))
        log_model(model, train_rows)
        print("done", flush=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--lr", type=float, default=0.002, help="learning rate of the first epoch")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--alpha", type=float, default=0.0001, help="weight of the regularisation")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait after each epoch, to watch it")
    return parser.parse_args()


def train(options, rows, digits, val_rows, val_digits) -> SGDClassifier:
    shuffle = np.random.default_rng(options.seed)
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=options.lr, alpha=options.alpha, random_state=options.seed
    )
    for epoch in range(1, options.epochs + 1):
        started = time.perf_counter()
        order = shuffle.permutation(len(rows))
        for start in range(0, len(order), options.batch_size):
            batch = order[start : start + options.batch_size]
            model.partial_fit(rows[batch], digits[batch], classes=DIGITS)
        metrics = {
            "loss": log_loss(digits, model.predict_proba(rows), labels=DIGITS),
            "accuracy": model.score(rows, digits),
            "val_loss": log_loss(val_digits, model.predict_proba(val_rows), labels=DIGITS),
            "val_accuracy": model.score(val_rows, val_digits),
            "epoch_seconds": time.perf_counter() - started,
        }
        mlflow.log_metrics(metrics, step=epoch)
        print(
            f"epoch {epoch:3d}/{options.epochs}  loss {metrics['loss']:.4f}  accuracy {metrics['accuracy']:.4f}  "
            f"val_loss {metrics['val_loss']:.4f}  val_accuracy {metrics['val_accuracy']:.4f}",
            flush=True,
        )
        time.sleep(options.pause)
    return model


def log_confusion(truth: np.ndarray, predicted: np.ndarray) -> None:
    counts = confusion_matrix(truth, predicted, labels=DIGITS)
    table = pd.DataFrame(counts, index=pd.Index(DIGITS, name="digit"), columns=[f"predicted_{d}" for d in DIGITS])
    mlflow.log_text(table.to_csv(), "confusion_matrix.csv")
    try:
        import matplotlib
    except ImportError:
        print("no matplotlib here: the confusion matrix is logged as a table only", flush=True)
        return
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    axes.set(title="Held-out digits", xlabel="predicted", ylabel="digit", xticks=DIGITS, yticks=DIGITS)
    for row in DIGITS:
        for column in DIGITS:
            if counts[row, column]:
                axes.text(
                    column, row, counts[row, column], ha="center", va="center",
                    color="white" if counts[row, column] > counts.max() / 2 else "black",
                )
    mlflow.log_figure(figure, "confusion_matrix.png")


def log_model(model: SGDClassifier, rows: np.ndarray) -> None:
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows[:3],
        # Named, or MLflow loads the model in a process of its own to find out.
        pip_requirements=[f"scikit-learn=={sklearn.__version__}", f"numpy=={np.__version__}", "skops"],
    )


if __name__ == "__main__":
    main()
