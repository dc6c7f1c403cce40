"""What was made of the same content counts, wherever it lies; of what is taken in anew each time nobody knows the content."""
from components import read, write
from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def named(data: Input[Dataset]) -> str:
    return data.uri


@dsl.pipeline(name="caching-by-content")
def pipeline(text: str = "same", address: str = "/etc/hostname") -> str:
    made = write(text=text).set_caching_options(False)
    named(data=dsl.importer(artifact_uri=address, artifact_class=Dataset, reimport=False).output)
    named(data=dsl.importer(artifact_uri=address, artifact_class=Dataset, reimport=True).output)
    return read(data=made.outputs["data"]).output


EXPECTED = {
    "outputs": {"Output": "same"},
    "tasks": {
        "write": "SUCCEEDED", "read": "SUCCEEDED", "importer": "SUCCEEDED", "importer-2": "SUCCEEDED", "named": "SUCCEEDED",
        "named-2": "SUCCEEDED",
    },
    "again": {
        "write": "SUCCEEDED", "read": "CACHED", "importer": "SUCCEEDED", "importer-2": "SUCCEEDED", "named": "CACHED", "named-2": "SUCCEEDED",
    },
    "local": False,
}
