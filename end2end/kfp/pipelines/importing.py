"""A file that lies somewhere is taken into the run, with notes that follow from parameters."""
from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def about(data: Input[Dataset]) -> str:
    with open(data.path) as f:
        f.read()
    name = data.uri.rsplit("/", 1)[1]
    return f"{name} {data.metadata['owner']} {data.metadata['tags']}"


@dsl.pipeline(name="importing")
def pipeline(address: str = "file:///etc/hosts", owner: str = "Ann") -> str:
    there = dsl.importer(artifact_uri=address, artifact_class=Dataset, reimport=False, metadata={"owner": owner, "tags": ["a", "b"]})
    dsl.importer(artifact_uri="https://example.org/constant.csv", artifact_class=Dataset, reimport=True)
    return about(data=there.output).output


EXPECTED = {
    "outputs": {"Output": "hosts Ann ['a', 'b']"},
    "tasks": {"importer": "SUCCEEDED", "importer-2": "SUCCEEDED", "about": "SUCCEEDED"},
    "local": False,
}
