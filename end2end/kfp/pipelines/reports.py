"""Artifacts that are shown: metrics of each kind, a page, a text."""
from kfp import dsl
from kfp.dsl import HTML, ClassificationMetrics, Markdown, Metrics, Output


@dsl.component
def report(metrics: Output[Metrics], classes: Output[ClassificationMetrics], page: Output[HTML], text: Output[Markdown]):
    metrics.log_metric("accuracy", 0.9)
    classes.log_confusion_matrix(["cat", "dog"], [[9, 1], [2, 8]])
    with open(page.path, "w") as f:
        f.write("<h1>Report</h1>")
    with open(text.path, "w") as f:
        f.write("# Report")


@dsl.pipeline(name="reports")
def pipeline() -> Metrics:
    return report().outputs["metrics"]


EXPECTED = {"artifacts": {"Output": {"accuracy": 0.9}}, "tasks": {"report": "SUCCEEDED"}}
