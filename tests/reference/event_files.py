"""What TensorBoard's own code writes, and whether it reads what we write.

    python tests/reference/event_files.py [ROOT]

crates/train/tests/fixtures/tensorboard/events  an event file of every kind of record that we write, made of TensorBoard's
                                                messages by its `RecordWriter`; its hparams by the functions of its HParams API.

    python tests/reference/event_files.py --check RUN

Reads RUN/tensorboard as `tensorboard --logdir` does, and fails unless every step's and every evaluation's scalars are those of
metrics.jsonl, the histogram of lengths that of facts.json, and the hparams the settings of config.toml.
"""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.summary.writer.record_writer import RecordWriter

from common import output, pin

METRICS = ["loss", "accuracy", "precision", "recall", "f1", "mcc", "roc_auc"]
SETTINGS = {"batch_size": 16, "data.order": "shuffled", "evaluate_test": False, "optimizer.learning_rate": 2e-5}
TIME = 1.75e9

# A step's time is taken twice, by its event and by the observer that writes the file: they differ by what the observers before
# it do, microseconds on a step of milliseconds. Seen: 0.001.
SPEED_TOLERANCE = 0.2


def summary(*values: summary_pb2.Summary.Value) -> summary_pb2.Summary:
    return summary_pb2.Summary(value=values)


def scalar(tag: str, value: float) -> summary_pb2.Summary.Value:
    return summary_pb2.Summary.Value(tag=tag, simple_value=value)


def experiment() -> summary_pb2.Summary:
    """`hparams_config_pb` leaves a setting's type out where it has no domain."""
    names = [f"validation/{metric}" for metric in METRICS]
    metrics = [summary_v2.Metric(name, dataset_type=summary_v2.Metric.VALIDATION) for name in names]
    metrics.append(summary_v2.Metric("train/loss", dataset_type=summary_v2.Metric.TRAINING))
    pb = summary_v2.hparams_config_pb([summary_v2.HParam(name) for name in SETTINGS], metrics)
    data = metadata.parse_experiment_plugin_data(pb.value[0].metadata.plugin_data.content)
    kinds = {int: api_pb2.DATA_TYPE_FLOAT64, float: api_pb2.DATA_TYPE_FLOAT64}
    kinds |= {str: api_pb2.DATA_TYPE_STRING, bool: api_pb2.DATA_TYPE_BOOL}
    for info, value in zip(data.hparam_infos, SETTINGS.values()):
        info.type = kinds[type(value)]
    content = plugin_data_pb2.HParamsPluginData(experiment=data).SerializeToString(deterministic=True)
    pb.value[0].metadata.plugin_data.content = content
    return pb


def session_start() -> summary_pb2.Summary:
    """`hparams_pb` names a group of repeated trials, where each of ours is one of its own."""
    pb = summary_v2.hparams_pb(SETTINGS, start_time_secs=TIME)
    data = metadata.parse_session_start_info_plugin_data(pb.value[0].metadata.plugin_data.content)
    data.group_name = ""
    content = plugin_data_pb2.HParamsPluginData(session_start_info=data).SerializeToString(deterministic=True)
    pb.value[0].metadata.plugin_data.content = content
    return pb


def session_end() -> summary_pb2.Summary:
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=TIME + 9)
    content = plugin_data_pb2.HParamsPluginData(session_end_info=end).SerializeToString()
    value = summary_pb2.Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=content)
        ),
        tensor=metadata.NULL_TENSOR,
    )
    return summary(value)


def histogram() -> summary_pb2.Summary:
    counts, limits, middles = [0, 3, 2], [4, 8, 10], [2.5, 6.5, 9.5]
    histo = summary_pb2.HistogramProto(
        min=5,
        max=10,
        num=sum(counts),
        sum=sum(count * middle for count, middle in zip(counts, middles)),
        sum_squares=sum(count * middle**2 for count, middle in zip(counts, middles)),
        bucket_limit=limits,
        bucket=counts,
    )
    return summary(summary_pb2.Summary.Value(tag="train/lengths", histo=histo))


def write() -> None:
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    events = [
        event_pb2.Event(wall_time=TIME, file_version="brain.Event:2"),
        event_pb2.Event(wall_time=TIME, step=3, session_log=start),
        event_pb2.Event(wall_time=TIME, summary=experiment()),
        event_pb2.Event(wall_time=TIME, summary=session_start()),
        event_pb2.Event(wall_time=TIME, summary=histogram()),
        event_pb2.Event(wall_time=TIME + 8, step=3, summary=summary(scalar("train/loss", 0.7), scalar("test/mcc", 0.0))),
        event_pb2.Event(wall_time=TIME + 9, step=3, summary=session_end()),
    ]
    with output("crates/train/tests/fixtures/tensorboard/events").open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString(deterministic=True))


def flatten(table: dict, prefix: str = "") -> dict:
    flat = {}
    for key, value in table.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def f32(value: float) -> float:
    return float(np.float32(value))


def check_scalars(board: EventAccumulator, log: list[dict]) -> None:
    expected: dict[str, list] = {}
    speeds, before = [], None
    for line in log:
        if line["event"] == "eval":
            values = {f"{line['split']}/{name}": line[name] for name in METRICS if name in line}
        elif line["event"] == "train_step":
            values = {f"train/{name}": line[name] for name in ("loss", "grad_norm", "learning_rate")}
            if "learning_rates" in line:
                values |= {f"train/learning_rate/{name}": rate for name, rate in line["learning_rates"].items()}
            elif "head_learning_rate" in line:
                values["train/learning_rate/head"] = line["head_learning_rate"]
            alone = before is not None and before["event"] == "train_step" and before["seconds"] < line["seconds"]
            speeds.append((line["step"], line["tokens"] / (line["seconds"] - before["seconds"]) if alone else None))
        else:
            values = {}
        for tag, value in values.items():
            expected.setdefault(tag, []).append((line["step"], f32(value)))
        before = line
    tags = set(board.Tags()["scalars"])
    assert tags == set(expected) | {"train/tokens_per_second"}, tags ^ set(expected)
    for tag, points in expected.items():
        found = [(event.step, event.value) for event in board.Scalars(tag)]
        assert found == points, f"{tag}: {found} in the event files, {points} in metrics.jsonl"
    found = [(event.step, event.value) for event in board.Scalars("train/tokens_per_second")]
    assert [step for step, _ in found] == [step for step, _ in speeds], found
    # A checkpoint, or a stop and a new beginning, may lie between two steps: their time is in the log's, but not in a step's.
    off = [abs(ours / theirs - 1) for (_, ours), (_, theirs) in zip(found, speeds) if theirs]
    assert all(ours > 0 for _, ours in found)
    assert np.median(off) <= SPEED_TOLERANCE, off
    points = sum(map(len, expected.values()))
    print(f"{points} scalars under {len(expected)} tags are the log's; speeds differ by {np.median(off):.3f} in the median")


def check_histogram(board: EventAccumulator, facts: dict) -> None:
    lengths = facts["lengths"]["uncut"]
    counts, width, longest = lengths["counts"], lengths["bin_width"], lengths["longest"]
    assert board.Tags()["histograms"] == ["train/lengths"], board.Tags()
    events = board.Histograms("train/lengths")
    assert {event.step for event in events} == {0}, events
    found = events[-1].histogram_value
    assert list(found.bucket) == counts, (found.bucket, counts)
    limits = [min((index + 1) * width, longest) for index in range(len(counts))]
    assert list(found.bucket_limit) == limits, (found.bucket_limit, limits)
    filled = [index for index, count in enumerate(counts) if count]
    assert (found.min, found.max) == (filled[0] * width + 1, limits[filled[-1]]), found
    assert found.num == sum(counts) == facts["splits"]["train"]["examples"], found
    assert abs(found.sum / found.num - sum(c * (limit - width / 2) for c, limit in zip(counts, limits)) / sum(counts)) <= width
    print(f"the histogram of {int(found.num)} lengths in {len(counts)} bins is that of facts.json")


def check_hparams(board: EventAccumulator, settings: dict, complete: bool) -> None:
    def content(tag: str) -> bytes:
        return board.SummaryMetadata(tag).plugin_data.content

    start = metadata.parse_session_start_info_plugin_data(content(metadata.SESSION_START_INFO_TAG))
    found = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    assert found.keys() == settings.keys(), found.keys() ^ settings.keys()
    for name, value in settings.items():
        # Lists are texts, as in TOML.
        ours = tomllib.loads(f"x = {found[name]}")["x"] if isinstance(value, list) else found[name]
        assert ours == value and isinstance(ours, bool) == isinstance(value, bool), (name, ours, value)
    experiment = metadata.parse_experiment_plugin_data(content(metadata.EXPERIMENT_TAG))
    assert [info.name for info in experiment.hparam_infos] == sorted(settings), experiment
    shown = {info.name.tag for info in experiment.metric_infos}
    assert {f"validation/{name}" for name in METRICS} <= shown and "train/loss" in shown, shown
    if complete:
        end = metadata.parse_session_end_info_plugin_data(content(metadata.SESSION_END_INFO_TAG))
        assert end.status == api_pb2.STATUS_SUCCESS and end.end_time_secs >= start.start_time_secs, end
    print(f"{len(found)} hparams are the settings of config.toml")


def check(run: Path) -> None:
    # All points, where TensorBoard draws a sample.
    board = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    board.Reload()
    log = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    check_scalars(board, log)
    check_histogram(board, json.loads((run / "facts.json").read_text()))
    check_hparams(board, flatten(tomllib.loads((run / "config.toml").read_text())), (run / "model").is_dir())


if __name__ == "__main__":
    pin("tensorboard")
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]))
    else:
        write()
