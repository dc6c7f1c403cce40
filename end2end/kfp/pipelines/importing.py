"""A file that lies somewhere is taken into the run, with notes that follow from parameters."""
from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def about(data: Input[Dataset]) -> str:
    return f"{data.uri} {data.metadata['owner']} {data.metadata['tags']}"


@dsl.pipeline(name="importing")
def pipeline(address: str = "gs://bucket/data.csv", owner: str = "Ann") -> str:
    there = dsl.importer(artifact_uri=address, artifact_class=Dataset, reimport=False, metadata={"owner": owner, "tags": ["a", "b"]})
    dsl.importer(artifact_uri="gs://bucket/constant.csv", artifact_class=Dataset, reimport=True)
    return about(data=there.output).output


EXPECTED = {
    "outputs": {"Output": "gs://bucket/data.csv Ann ['a', 'b']"},
    "tasks": {"importer": "SUCCEEDED", "importer-2": "SUCCEEDED", "about": "SUCCEEDED"},
    "local": False,
}
