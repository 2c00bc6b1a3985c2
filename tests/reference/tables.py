"""Parquet as pyarrow writes it: each codec, the types that texts and labels come in, nested values, and metadata of
`datasets` and pandas.

`types.json` has what pyarrow reads back from `types.parquet`, column by column; `nested.json` has the rows of
`nested.parquet`.
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

# What tasks read besides one label: answers of SQuAD, words with tags, spans, several labels, a score.
tag, span = pa.list_(pa.int64()), pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32(), "label": pa.string()}))
nested = {
    "id": pa.array(["q0", "q1", "q2", None, ""]),
    "answers": pa.array(
        [
            {"text": ["a film", "film"], "answer_start": [0, 2]},
            {"text": [], "answer_start": []},
            {"text": ["naïve \U0001f3ac", ""], "answer_start": [7, None]},
            None,
            {"text": None, "answer_start": [1]},
        ],
        pa.struct({"text": pa.list_(pa.string()), "answer_start": pa.list_(pa.int32())}),
    ),
    "tokens": pa.array([["A", "film"], [], [" ", "", "b"], None, [None]], pa.list_(pa.string())),
    "tags": pa.array([[0, 3], [], [1, 2, 0], None, [None]], tag),
    "spans": pa.array([[{"start": 0, "end": 1, "label": "PER"}, None], [], [{"start": 5, "end": 9, "label": None}], None, []], span),
    "matrix": pa.array([[[1, 2], []], [], [None, [3]], None, [[]]], pa.list_(tag)),
    "map": pa.array([[("k", 1), ("l", None)], [], None, None, [("", 0)]], pa.map_(pa.string(), pa.int64())),
    "score": pa.array([2.5, 0.0, None, -1.0, 5.0], pa.float32()),
    "half": pa.array([0.5, 1.0, None, -2.0, 0.25], pa.float16()),
    "text": pa.array(["one", "two", "three", "four", "five"]),
}
table = pa.table(nested)
write("nested", table, row_group_size=2)
as_json = lambda value: [{"key": key, "value": entry} for key, entry in value] if value is not None else None
rows = [row | {"map": as_json(row["map"])} for row in table.to_pylist()]
output(f"{FOLDER}/nested.json").write_text(json.dumps(rows, indent=1) + "\n")

classes = {"names": ["negative", "positive"], "_type": "ClassLabel"}
features = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": classes,
    "tags": {"feature": classes, "_type": "List"},
    "plain": {"dtype": "int64", "_type": "Value"},
}
table = pa.table({"text": ["a", "b"], "label": [1, 0], "tags": [[1], [0, 1]], "plain": [1, 0]})
write("datasets", table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}))

# Words with the numbers of their tags, as `datasets` writes CoNLL-2003 and WNUT-17: the numbers' names are in the metadata,
# in an order of their own.
names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
features = {
    "id": {"dtype": "string", "_type": "Value"},
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
    "ner_tags": {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "List"},
}
sentences = {
    "id": ["0", "1", "2"],
    "tokens": [["Ms", "Okafor", "flew", "to", "Kyoto", "."], ["It", "rained", "."], ["Lagos", "🎬"]],
    "ner_tags": [[1, 2, 0, 0, 3, 0], [0, 0, 0], [3, 0]],
}
table = pa.table(sentences).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
write("tokens", table, row_group_size=2)

# What pandas' to_parquet writes of a frame with an index of its own.
pandas = {"index_columns": ["__index_level_0__"], "columns": []}
table = pa.table({"text": ["a", "b"], "label": ["x", "y"], "__index_level_0__": pa.array([7, 9], pa.int64())})
write("pandas", table.replace_schema_metadata({"pandas": json.dumps(pandas)}))
