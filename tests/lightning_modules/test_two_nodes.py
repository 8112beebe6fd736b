"""Two hosts made of network namespaces.

A run over both equals one on a single host, survives the loss of one, and streams its faces from an object store.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch

from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import write_shards
from datamodules.samples import SPLITS
from tests.datamodules.datasets.shards import bucket
from tests.datamodules.datasets.shards.test_draws import as_text, assert_each_once
from tests.lightning_modules.states import compared, differences
from tests.lightning_modules.test_two_processes import OFTEN, environment, last_of, run

STEPS = 20
PORT = 29517
BUCKET_PORT = 9000


class Host:
    """One of two hosts.

    Attributes:
        namespace: Its network namespace.
        address: Its address.
        device: Its network device.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.namespace, self.device = f"lcg{os.getpid()}n{number}", f"lcg{os.getpid() % 10000}v{number}"
        self.address = f"10.77.0.{number + 1}"

    def start(
        self, options: list[str], log: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """A node of the run, by torchrun, with more variables in its environment."""
        words = [
            *("ip", "netns", "exec", self.namespace, sys.executable, "-m", "torch.distributed.run"),
            *("--nnodes=2", "--nproc-per-node=1", "--rdzv-id=run", "--rdzv-backend=c10d"),
            *(f"--rdzv-endpoint=10.77.0.1:{PORT}", f"--local-addr={self.address}"),
            *(f"--rdzv-conf=is_host={int(self.number == 0)}", "-m", "--", "lightning_modules", *options),
        ]
        with log.open("wb") as file:
            return subprocess.Popen(
                words,
                env=environment() | {"GLOO_SOCKET_IFNAME": self.device} | dict(variables or {}),
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @contextmanager
    def serving(self, folder: Path) -> Iterator[dict[str, str]]:
        """A bucket of files on this host; yields the variables by which both hosts find it."""
        program = [sys.executable, bucket.__file__, str(folder), self.address, str(BUCKET_PORT)]
        with subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *program], stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                assert server.stdout is not None
                assert server.stdout.readline() == "listening\n"
                yield bucket.settings(self.address, BUCKET_PORT)
            finally:
                server.kill()

    def kill(self) -> None:
        """Kill every process on it at once; torchrun's workers are in sessions of their own."""
        for pid in ip("netns", "pids", self.namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two network namespaces with a cable between them."""
    if not shutil.which("ip") or os.geteuid() != 0:
        pytest.skip("needs root and iproute2 for network namespaces")
    pair = Host(0), Host(1)
    try:
        try:
            for host in pair:
                ip("netns", "add", host.namespace)
            ip("link", "add", pair[0].device, "type", "veth", "peer", "name", pair[1].device)
            for host in pair:
                ip("link", "set", host.device, "netns", host.namespace)
                ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", host.device)
                for device in ("lo", host.device):
                    ip("-n", host.namespace, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        yield pair
    finally:
        for host in pair:
            with suppress(subprocess.CalledProcessError):
                host.kill()
            subprocess.run(["ip", "netns", "delete", host.namespace], check=False, capture_output=True)


def options(folder: Path, root: Path, *more: str) -> list[str]:
    config = folder / "often.yaml"
    config.write_text(OFTEN)
    return [
        *("fit", "--config=configs/paper/cyclegan_baseline.yaml", f"--config={config}", "--name=two"),
        *(f"--data.root={root}", f"--trainer.default_root_dir={folder}", "--trainer.accelerator=cpu"),
        *("--trainer.enable_progress_bar=false", "--trainer.max_epochs=1", "--trainer.log_every_n_steps=1"),
        *("--data.image_size=32", "--data.batch_size=1", "--data.num_workers=0", f"--data.epoch_size={2 * STEPS}"),
        *("--model.generator=resnet6", "--model.ngf=2", "--model.ndf=2", "--model.pool_size=3"),
        *("--trainer.limit_val_batches=1", *more),
    ]


def losses(folder: Path, name: str) -> list[dict[str, float]]:
    """Training losses of each step."""
    with (folder / "two" / name / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["train/cycle"]]
    return [{key: float(value) for key, value in row.items() if key.startswith("train/") and value} for row in rows]


def on_both(
    hosts: tuple[Host, Host], folder: Path, words: list[str], variables: Mapping[str, str] | None = None
) -> list[subprocess.Popen[bytes]]:
    """Start the nodes of a run; each has a LitData cache of its own."""
    words = [*words, "--trainer.num_nodes=2", "--trainer.devices=1"]
    return [
        host.start(
            words,
            folder / f"node{host.number}.log",
            {"LITDATA_CACHE_DIR": str(folder / f"cache{host.number}"), **(variables or {})},
        )
        for host in hosts
    ]


def finish(nodes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Wait for two nodes that should succeed."""
    assert [node.wait(timeout=300) for node in nodes] == [0, 0], (folder / "node0.log").read_text()[-3000:]


@pytest.mark.timeout(1500)  # four starts of two processes
def test_two_nodes_equal_one_and_a_lost_node_ends_the_run(
    hosts: tuple[Host, Host], sample_root: Path, tmp_path: Path
) -> None:
    alone = run(
        [sys.executable, "-m", "lightning_modules", *options(tmp_path, sample_root, "--run=one", "--trainer.devices=2")]
    )
    assert alone.returncode == 0, alone.stderr
    nodes = on_both(hosts, tmp_path, options(tmp_path, sample_root, "--run=both"))
    finish(nodes, tmp_path)
    one, both = losses(tmp_path, "one"), losses(tmp_path, "both")
    assert len(both) == STEPS
    for ours, theirs in zip(both, one, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)

    nodes = on_both(hosts, tmp_path, options(tmp_path, sample_root, "--run=part"))
    first_checkpoint = tmp_path / "two" / "part" / "checkpoints" / "step_3.ckpt"
    deadline = time.monotonic() + 240
    while not first_checkpoint.is_file() and nodes[0].poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert first_checkpoint.is_file(), (tmp_path / "node0.log").read_text()[-3000:]
    hosts[1].kill()
    lost = time.monotonic()
    assert nodes[0].wait(timeout=240) != 0
    assert time.monotonic() - lost < 60

    saved = max(first_checkpoint.parent.glob("step_*.ckpt"), key=lambda path: int(path.stem.partition("_")[2]))
    nodes = on_both(hosts, tmp_path, options(tmp_path, sample_root, "--run=part", f"--ckpt_path={saved}"))
    finish(nodes, tmp_path)
    assert differences(compared(last_of(tmp_path, "part")), compared(last_of(tmp_path, "both"))) == []


@pytest.mark.timeout(900)
def test_two_nodes_stream_every_face_once(hosts: tuple[Host, Host], sample_root: Path, tmp_path: Path) -> None:
    """Each node has the indices of the shards alone, and gets its half of an epoch from a bucket."""
    stored, here = tmp_path / "bucket" / "faces", tmp_path / "here"
    photos = {split: CelebA(sample_root / "celeba", split) for split in SPLITS}
    cartoons = {split: CartoonSet(sample_root / "cartoonset10k", split) for split in SPLITS}
    for name, splits in (("celeba", photos), ("cartoonset10k", cartoons)):
        write_shards(splits, stored / name, shard_bytes=100_000, address=f"s3://bucket/faces/{name}")
        (here / name).mkdir(parents=True)
        shutil.copy(stored / name / "shards.json", here / name)
    recording = tmp_path / "recording.yaml"
    recording.write_text(
        f"trainer: {{callbacks+: [{{class_path: recorders.RecordDraws, init_args: {{folder: {tmp_path}}}}}]}}"
    )
    epoch = [f"--config={recording}", "--run=streamed", "--data.epoch_size=null", "--data.augment=false"]
    with hosts[0].serving(tmp_path / "bucket") as variables:
        variables["PYTHONPATH"] = str(Path(__file__).parent)  # of the recorder
        finish(on_both(hosts, tmp_path, options(tmp_path, here, *epoch), variables), tmp_path)
    drawn = [torch.load(tmp_path / f"drawn_{rank}.pt", weights_only=True) for rank in range(2)]
    texts = [([as_text(photo) for photo in photos], [as_text(each) for each in cartoons]) for photos, cartoons in drawn]
    assert_each_once(texts, sample_root, image_size=32)
    for host in hosts:
        cached = list((tmp_path / f"cache{host.number}").rglob("*"))
        assert {path.name for path in cached if path.is_file()} >= {"index.json"}
        assert not [path for path in cached if path.suffix == ".bin"]
