"""The ``lightning`` command: Lightning's CLI with this project's configs and run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_info

from datamodules.attribute_classifier import AttributeDataModule
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from lightning_modules.callbacks import (
    BadImageReport,
    CartoonWriter,
    Evaluation,
    ExactResume,
    ExportBest,
    LossBar,
    OutputCheck,
    RunRecord,
    SaveOnInterrupt,
    StepTimes,
)
from lightning_modules.callbacks.export_best import MIN_STEPS
from lightning_modules.checkpoint_io import VerifiedCheckpointIO
from lightning_modules.checkpoints import read_hyper_parameters
from lightning_modules.cli.command_line import SUBCOMMANDS, CommandLine
from lightning_modules.cli.devices import fitting_strategy, usable_precision
from lightning_modules.cli.entry import PROGRAM
from lightning_modules.cli.parser import ShortErrorParser
from lightning_modules.errors import UsageError
from lightning_modules.evaluation import JudgeFiles
from lightning_modules.finisher import OWN_FINISHER
from lightning_modules.loggers import make_loggers
from lightning_modules.matting import MATTE_FOLDER, bring_matting
from lightning_modules.runs import (
    CONFIG_FILE,
    TEST_FOLDER,
    default_runs_folder,
    find_checkpoint,
    home_of,
    is_dry_run,
    new_home,
    project_root,
)
from networks.finisher import CartoonFinisher, load_finisher
from networks.weights_file import WeightsError

_DATA_PATHS = ("root", "index", "labels", "exclude", "cache_dir", "cartoon_families", "portrait_weights")
_FREE_DATA_OPTIONS = {"num_workers", "cache_dir", "memory", "on_bad_image", "predict_dir", "seed", "val_size"}
"""Options of the data that do not decide what a training sees, or that a machine decides."""

_NEEDS_CHECKPOINT = ("validate", "test", "predict")


class CartoonGANCLI(LightningCLI):
    """``lightning fit|validate|test|predict --config configs/cyclegan_baseline.yaml``.

    ``configs/base.yaml`` lies underneath; later configs beat it, a checkpoint's hyper-parameters beat the configs, and
    options on the command line beat all.
    """

    def __init__(self, argv: list[str]) -> None:
        base = project_root() / "configs" / "base.yaml"
        if not base.is_file():
            raise UsageError(f"{base} is missing: every config builds on it; restore it")
        super().__init__(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_callback=None,
            seed_everything_default=42,
            auto_configure_optimizers=False,
            parser_class=ShortErrorParser,
            parser_kwargs={
                "prog": PROGRAM,
                "description": "Train, validate, test and apply the models of Landmark CartoonGAN.",
                **{name: {"default_config_files": [str(base)]} for name in SUBCOMMANDS},
            },
            args=argv,
        )

    # Parsing

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Options beside the trainer's, the model's and the data's."""
        parser.add_argument("--name", type=str | None, help="experiment, a folder of runs (default: the config's name)")
        parser.add_argument("--run", type=str | None, help="folder of this run in it (default: date and time)")
        parser.link_arguments("seed_everything", "data.init_args.seed")

    def _prepare_subcommand_parser(self, klass: type, subcommand: str, **kwargs: Any) -> LightningArgumentParser:
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        if subcommand == "predict":
            parser.add_argument("--out", type=str | None, help="folder of the cartoons (default: in the run)")
            parser.set_defaults(return_predictions=False)  # they are written, not kept
        if subcommand == "fit":
            parser.add_argument(
                "--force",
                type=bool,
                default=False,
                help="resume although the data or the number of processes are others than the checkpoint's",
            )
            parser.add_argument(
                "--export",
                type=bool,
                default=True,
                help="when a CycleGAN is trained, write best.cartoon, for `cartoongan cartoonize --model`, beside "
                f"best.ckpt (not below {MIN_STEPS} steps)",
            )
        if subcommand in {"predict", "test"}:
            parser.add_argument(
                "--finish",
                type=bool | None,
                help="finish cartoons: clean, enlarged, at predict without background (default: at predict, where the "
                "finisher was trained for the size)",
            )
            parser.add_argument("--finisher", type=str | None, help="file of the finisher (default: the project's own)")
        if subcommand == "test":
            parser.add_class_arguments(JudgeFiles, "evaluation")
        return parser

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and once more with the checkpoint's hyper-parameters between configs and options."""
        line = CommandLine(args)
        self.command = [PROGRAM, *args]
        self.config = parser.parse_args(line.assembled())
        self.asked = self.config[self.config.subcommand]
        self.asked.name = self.asked.name or line.experiment() or "default"
        self.checkpoint = self._find_checkpoint()
        if self.checkpoint is not None:
            hyper_parameters = read_hyper_parameters(self.checkpoint, self.asked.model.class_path)
            name = self.asked.name
            self.config = parser.parse_args(line.assembled(self._run_config(), hyper_parameters))
            self.asked = self.config[self.config.subcommand]
            self.asked.name = name
            self.asked.ckpt_path = str(self.checkpoint)
            if self.config.subcommand == "fit":
                self._refuse_other_data(hyper_parameters["data"]["init_args"])

    def _parse_ckpt_path(self) -> None:
        """Nothing: Lightning would let the checkpoint's values beat the command line here."""

    def _run_config(self) -> list[str]:
        """The configuration of the run that a fit goes on with, so that nothing needs to be repeated."""
        home = home_of(self.checkpoint) if self.checkpoint and self.config.subcommand == "fit" else None
        return [str(home / CONFIG_FILE)] if home else []

    def _refuse_other_data(self, before: dict[str, Any]) -> None:
        """A resumed run keeps its data, and even with ``--force`` its image size: the pooled images have it."""
        differing = differing_data(before, dict(self.asked.data.init_args))
        if not differing or (self.asked.force and "image_size" not in differing):
            return
        fields = "; ".join(f"--data.{name}: {old} in it, {new} here" for name, (old, new) in differing.items())
        advice = "go on with that" if "image_size" in differing else "leave that out, or accept another course: --force"
        raise UsageError(f"{self.checkpoint} was trained on other data: {fields}\n{advice}")

    def _find_checkpoint(self) -> Path | None:
        if self.asked.ckpt_path is None:
            if self.config.subcommand in _NEEDS_CHECKPOINT:
                raise UsageError(
                    f"lightning {self.config.subcommand} needs --ckpt_path: a file, or `last` or `best` for the newest"
                )
            return None
        return find_checkpoint(str(self.asked.ckpt_path), self._experiment_folder(), self.asked.run)

    def _experiment_folder(self) -> Path:
        asked: str | None = self.asked.trainer.default_root_dir
        root = Path(asked).expanduser().absolute() if asked else default_runs_folder()
        return root / str(self.asked.name)

    # Starting

    def before_instantiate_classes(self) -> None:
        """Give the run its home, its recorder and what it needs on this machine."""
        config, subcommand = self.asked, self.config.subcommand
        config_text = self._parser(subcommand).dump(self._to_record(), skip_unset=False)
        inherited = home_of(self.checkpoint) if self.checkpoint else None
        if inherited and config.run not in {None, inherited.name}:
            inherited = None  # a new run from an old checkpoint
        self.home = inherited or new_home(self._experiment_folder(), config.run)
        trainer = config.trainer
        trainer.default_root_dir = str(self.home)
        trainer.precision = usable_precision(trainer)
        trainer.strategy = fitting_strategy(trainer)
        record = RunRecord(config_text, config.seed_everything, self.command, self.checkpoint)
        self.interrupt = SaveOnInterrupt()
        self.home_callbacks: list[Callback] = [record, BadImageReport(), self.interrupt]
        if subcommand == "fit":
            self.home_callbacks += [StepTimes(), OutputCheck(), ExactResume(config.force)]
        if subcommand == "fit" and config.export:
            self.home_callbacks.append(ExportBest())
        if trainer.get("gradient_clip_val"):
            raise UsageError("--trainer.gradient_clip_val is for one optimiser; use --model.clip_grad_norm")
        self.finisher = self._find_finisher()
        if subcommand == "test" and self.finisher is not None:
            config.data.init_args.image_size *= self.finisher.scale
        if subcommand == "predict":
            out = Path(config.out or self.home / "predictions").expanduser()
            _keep_apart(config.data.init_args.get("predict_dir"), out)
            self.home_callbacks.append(CartoonWriter(out, self.finisher))
        if subcommand == "test":
            assert self.checkpoint is not None, "a test without one was refused"
            judges = JudgeFiles(**config.evaluation)
            seed = int(config.seed_everything)
            self.home_callbacks.append(Evaluation(judges, self.home / TEST_FOLDER, self.command, seed, self.checkpoint))

    def _find_finisher(self) -> CartoonFinisher | None:
        """The finisher that cartoons go through, if they do."""
        asked = self.asked.get("finish")
        if self.config.subcommand not in {"predict", "test"} or asked is False:
            return None
        if asked is None and self.config.subcommand == "test":
            return None
        path = Path(self.asked.finisher).expanduser() if self.asked.finisher else OWN_FINISHER
        if asked is None and not path.is_file():
            return None
        try:
            finisher = load_finisher(path)
        except WeightsError as error:
            raise UsageError(f"{error} (--finisher)") from error
        side = self.asked.data.init_args.get("image_size")
        if asked is None and side != finisher.input_size:
            rank_zero_info(f"not finished: the finisher is for {finisher.input_size} px, this model works at {side} px")
            return None
        return finisher

    def instantiate_classes(self) -> None:
        """Instantiate, and let our own complaints through, which jsonargparse wraps into many lines."""
        try:
            super().instantiate_classes()
            if self.config.subcommand == "test" and self.finisher is not None:
                self.model.attach_finisher(self.finisher)
        except ValueError as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, UsageError | DataError):
                cause = cause.__cause__ or cause.__context__
            raise cause or error from error
        if isinstance(self.datamodule, FacesDataModule | AttributeDataModule):
            is_dry = is_dry_run(self.trainer)
            bring_matting(self.datamodule, None if is_dry else self.home.parent.parent / MATTE_FOLDER)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Add loggers and callbacks that depend on the run's home."""
        config = self._get(self.config_init, "trainer")
        if config.get("logger") in {None, True} and not config.get("fast_dev_run"):
            kwargs["logger"] = self._loggers()
        kwargs["plugins"] = [*as_list(config.get("plugins")), VerifiedCheckpointIO()]
        callbacks = list(self.home_callbacks)
        if config.get("enable_progress_bar") is not False:
            callbacks.append(LossBar())
        return self._instantiate_trainer({**config, **kwargs}, callbacks)

    def _loggers(self) -> Any:
        if self.config.subcommand == "predict":
            return False
        return make_loggers(self.home, self.home if self.config.subcommand == "fit" else self.home / TEST_FOLDER)

    def _to_record(self) -> Namespace:
        """The configuration without what belongs to one start only, and with folders that any start can find."""
        config: Namespace = self.asked.clone()
        for key in ("config", "run", "ckpt_path"):
            config[key] = None
        if "force" in config:
            config.force = False
        folders = dict.fromkeys(_DATA_PATHS, config.data.init_args)
        folders["default_root_dir"] = config.trainer
        for key, section in folders.items():
            if section.get(key):
                section[key] = str(Path(section[key]).expanduser().absolute())
        return config

    # Ending

    def after_fit(self) -> None:
        """Say where everything is."""
        if self.trainer.is_global_zero and not is_dry_run(self.trainer):
            rank_zero_info(f"run: {self.home}")

    def after_predict(self) -> None:
        """Say where the cartoons are."""
        writer = next(callback for callback in self.home_callbacks if isinstance(callback, CartoonWriter))
        rank_zero_info(f"cartoons: {writer.folder}")


def differing_data(before: dict[str, Any], asked: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Options of the data that decide what a run sees and are not as they were: name -> (before, asked).

    Args:
        before: The options that a checkpoint holds.
        asked: The options of the run that resumes from it.
    """
    return {
        name: (old, new)
        for name, old in before.items()
        if name in asked and name not in _FREE_DATA_OPTIONS and (new := _comparable(name, asked[name])) != old
    }


def _comparable(name: str, value: Any) -> Any:
    """A value as DataModules store it: paths are absolute, sequences lists."""
    if name in _DATA_PATHS and value:
        return str(Path(value).expanduser().absolute())
    return list(value) if isinstance(value, tuple) else value


def as_list(value: Any) -> list[Any]:
    """A value that may be none, one or several, as a list."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _keep_apart(photos: str | None, cartoons: Path) -> None:
    """Refuse to overwrite photos with their cartoons."""
    if not photos:
        return
    source = Path(photos).expanduser().resolve()
    if cartoons.resolve().is_relative_to(source):
        raise UsageError(f"--out {cartoons} lies in the folder of the photos; choose another")
    if source.is_file() and (cartoons.resolve() / source.stem).with_suffix(".png") == source:
        raise UsageError(f"--out {cartoons}: the cartoon of {source} would overwrite it; choose another")
