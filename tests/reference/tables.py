"""Parquet as pyarrow writes it: each codec, the types that texts and labels come in, and metadata of `datasets` and pandas.

`types.json` has what pyarrow reads back from `types.parquet`, column by column.
"""

import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq

from common import output, pin

pin("pyarrow")
FOLDER = "crates/data/tests/fixtures"


def write(name: str, table: pa.Table, **options) -> None:
    pq.write_table(table, output(f"{FOLDER}/{name}.parquet"), **options)


rows = pa.table({"text": ["a fine film", "", "naïve \U0001f3ac"], "label": pa.array([1, None, 0], pa.int64())})
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    write(f"codec-{codec}", rows, compression=codec)
write("pages-v2", rows, data_page_version="2.0", compression="zstd", use_dictionary=False)
write("groups", pa.concat_tables([rows, rows]), row_group_size=2)
write("no-rows", rows.slice(0, 0))
pq.ParquetWriter(output(f"{FOLDER}/no-groups.parquet"), rows.schema).close()

texts = ["a", None, "", "b"]
columns = {
    "string": pa.array(texts),
    "large_string": pa.array(texts, pa.large_string()),
    "dictionary": pa.array(texts).dictionary_encode(),
    "string_view": pa.array(texts, pa.string_view()),
    "binary": pa.array([text and text.encode() for text in texts], pa.binary()),
    "int8": pa.array([-1, 0, None, 127], pa.int8()),
    "int64": pa.array([-(2**63), 0, None, 2**63 - 1], pa.int64()),
    "uint8": pa.array([0, 1, None, 255], pa.uint8()),
    "uint32": pa.array([0, 1, None, 2**32 - 1], pa.uint32()),
    "uint64": pa.array([0, 1, None, 2**63 - 1], pa.uint64()),
    "bool": pa.array([True, False, None, True]),
    "float": pa.array([0.5, 1.0, None, -2.0], pa.float32()),
    "double": pa.array([0.1, 1.0, None, -2.0], pa.float64()),
    "null": pa.nulls(4),
    "texts": pa.array([["x"], [], None, ["x", None, "y"]], pa.list_(pa.string())),
    "numbers": pa.array([[1], [], None, [1, None, 2]], pa.large_list(pa.int32())),
    "nested": pa.array([{"text": "a", "labels": [1]}, None, {"text": None, "labels": None}, {"text": "b", "labels": []}]),
}
others = {
    "decimal": pa.array([decimal.Decimal("1.5")] * 4),
    "date": pa.array([datetime.date(2024, 1, 1)] * 4),
    "timestamp": pa.array([datetime.datetime(2024, 1, 1)] * 4),
    "half": pa.array([0.5] * 4, pa.float16()),
    "matrix": pa.array([[[1]]] * 4),
    "map": pa.array([[("k", 1)]] * 4, pa.map_(pa.string(), pa.int64())),
}
write("types", pa.table({"text": ["one", "two", "three", "four"], **columns, **others}))
expected = {}
for name, column in columns.items():
    values = [value.decode() if isinstance(value, bytes) else value for value in column.to_pylist()]
    if name == "nested":
        for field in ("text", "labels"):
            expected[f"nested.{field}"] = [value and value[field] for value in values]
    else:
        expected[name] = values
output(f"{FOLDER}/types.json").write_text(json.dumps(expected, indent=1) + "\n")

classes = {"names": ["negative", "positive"], "_type": "ClassLabel"}
features = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": classes,
    "tags": {"feature": classes, "_type": "List"},
    "plain": {"dtype": "int64", "_type": "Value"},
}
table = pa.table({"text": ["a", "b"], "label": [1, 0], "tags": [[1], [0, 1]], "plain": [1, 0]})
write("datasets", table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}))

# What pandas' to_parquet writes of a frame with an index of its own.
pandas = {"index_columns": ["__index_level_0__"], "columns": []}
table = pa.table({"text": ["a", "b"], "label": ["x", "y"], "__index_level_0__": pa.array([7, 9], pa.int64())})
write("pandas", table.replace_schema_metadata({"pandas": json.dumps(pandas)}))
