import mlflow

with mlflow.start_run(run_name="from a notebook") as run:
    mlflow.log_param("where", "notebook")
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("written by a notebook cell", "note.txt")

print("logged run", run.info.run_id)
