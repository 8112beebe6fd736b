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
    Watchdog,
)
from lightning_modules.callbacks.export_best import MIN_STEPS
from lightning_modules.checkpoint_io import VerifiedCheckpointIO
from lightning_modules.checkpoints import read_hyper_parameters
from lightning_modules.cli.command_line import SUBCOMMANDS, CommandLine
from lightning_modules.cli.devices import fitting_strategy, usable_precision, with_timeout
from lightning_modules.cli.entry import PROGRAM
from lightning_modules.cli.parser import ShortErrorParser
from lightning_modules.errors import UsageError
from lightning_modules.evaluation import JudgeFiles
from lightning_modules.finisher import own_finisher
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
"""Data options that may differ in a resumed run: they do not affect the training data, or depend on the machine."""

DDP_TIMEOUT = 900.0
"""Default of ``--ddp_timeout`` in seconds: longer than a loader may take for a batch."""

_WATCHDOG_FIRST = 60.0
"""Seconds that the process group waits longer than the watchdog, whose message is clearer."""

_NEEDS_CHECKPOINT = ("validate", "test", "predict")


class CartoonGANCLI(LightningCLI):
    """``lightning fit|validate|test|predict --config configs/cyclegan_baseline.yaml``.

    In increasing precedence: ``configs/base.yaml``, the configs in order, the checkpoint's hyper-parameters, and the
    options on the command line.
    """

    def __init__(self, argv: list[str]) -> None:
        base = project_root() / "configs" / "base.yaml"
        if not base.is_file():
            raise UsageError(f"{base} is missing; restore it, all configs are based on it")
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
        """Add options other than those of trainer, model and data."""
        parser.add_argument("--name", type=str | None, help="experiment, a folder of runs (default: the config's name)")
        parser.add_argument("--run", type=str | None, help="folder of this run in it (default: date and time)")
        parser.add_argument(
            "--ddp_timeout",
            type=float,
            default=DDP_TIMEOUT,
            help="seconds that several processes wait for one that hangs, before the run ends with its rank",
        )
        parser.link_arguments("seed_everything", "data.init_args.seed")

    def _prepare_subcommand_parser(self, klass: type, subcommand: str, **kwargs: Any) -> LightningArgumentParser:
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        if subcommand == "predict":
            parser.add_argument("--out", type=str | None, help="folder of the cartoons (default: in the run)")
            parser.set_defaults(return_predictions=False)  # they are written to files
        if subcommand == "fit":
            parser.add_argument(
                "--force",
                type=bool,
                default=False,
                help="resume even if the data or the number of processes differ from the checkpoint's",
            )
            parser.add_argument(
                "--export",
                type=bool,
                default=True,
                help="after training a CycleGAN, export best.ckpt as best.cartoon, for `cartoongan cartoonize --model` "
                f"(from {MIN_STEPS} steps on)",
            )
        if subcommand in {"predict", "test"}:
            parser.add_argument(
                "--finish",
                type=bool | None,
                help="apply the finisher: clean and enlarged cartoons, in predict without background (default: in "
                "predict, if the finisher supports the image size)",
            )
            parser.add_argument("--finisher", type=str | None, help="file of the finisher (default: the project's own)")
        if subcommand == "test":
            parser.add_class_arguments(JudgeFiles, "evaluation")
        return parser

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; with a checkpoint, parse again with its hyper-parameters between configs and options."""
        line = CommandLine(args)
        self.command = [PROGRAM, *args]
        self.config = parser.parse_args(line.assembled())
        self.settings = self.config[self.config.subcommand]
        self.settings.name = self.settings.name or line.experiment() or "default"
        self.checkpoint = self._find_checkpoint()
        if self.checkpoint is not None:
            hyper_parameters = read_hyper_parameters(self.checkpoint, self.settings.model.class_path)
            name = self.settings.name
            self.config = parser.parse_args(line.assembled(self._run_config(), hyper_parameters))
            self.settings = self.config[self.config.subcommand]
            self.settings.name = name
            self.settings.ckpt_path = str(self.checkpoint)
            if self.config.subcommand == "fit":
                self._reject_other_data(hyper_parameters["data"]["init_args"])

    def _parse_ckpt_path(self) -> None:
        """Do nothing: Lightning would let the checkpoint's values override the command line here."""

    def _run_config(self) -> list[str]:
        """The configuration of the run that a fit resumes, so that options need not be repeated."""
        home = home_of(self.checkpoint) if self.checkpoint and self.config.subcommand == "fit" else None
        return [str(home / CONFIG_FILE)] if home else []

    def _reject_other_data(self, before: dict[str, Any]) -> None:
        """Reject other data than the checkpoint's, unless with ``--force``; never change the size of pooled images."""
        differing = differing_data(before, dict(self.settings.data.init_args))
        if not differing or (self.settings.force and "image_size" not in differing):
            return
        fields = "; ".join(f"--data.{name}: {old} in it, {new} here" for name, (old, new) in differing.items())
        advice = "resume with the same" if "image_size" in differing else "remove the option, or resume with --force"
        raise UsageError(f"{self.checkpoint} was trained on other data: {fields}\n{advice}")

    def _find_checkpoint(self) -> Path | None:
        if self.settings.ckpt_path is None:
            if self.config.subcommand in _NEEDS_CHECKPOINT:
                raise UsageError(
                    f"lightning {self.config.subcommand} needs --ckpt_path: a file, or `last` or `best` for the newest"
                )
            return None
        return find_checkpoint(str(self.settings.ckpt_path), self._experiment_folder(), self.settings.run)

    def _experiment_folder(self) -> Path:
        folder: str | None = self.settings.trainer.default_root_dir
        root = Path(folder).expanduser().absolute() if folder else default_runs_folder()
        return root / str(self.settings.name)

    # Starting

    def before_instantiate_classes(self) -> None:
        """Set up the run folder, the callbacks, and precision and strategy for this machine."""
        config, subcommand = self.settings, self.config.subcommand
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
        watchdog = Watchdog(config.ddp_timeout)
        self.home_callbacks: list[Callback] = [record, BadImageReport(), self.interrupt, watchdog]
        if subcommand == "fit":
            self.home_callbacks += [StepTimes(), OutputCheck(), ExactResume(config.force)]
        if subcommand == "fit" and config.export:
            self.home_callbacks.append(ExportBest())
        if trainer.get("gradient_clip_val"):
            raise UsageError("--trainer.gradient_clip_val needs a single optimiser; use --model.clip_grad_norm")
        self.finisher = self._find_finisher()
        if subcommand == "test" and self.finisher is not None:
            config.data.init_args.image_size *= self.finisher.scale
        if subcommand == "predict":
            out = Path(config.out or self.home / "predictions").expanduser()
            _keep_apart(config.data.init_args.get("predict_dir"), out)
            self.home_callbacks.append(CartoonWriter(out, self.finisher))
        if subcommand == "test":
            assert self.checkpoint is not None, "_find_checkpoint requires one"
            judges = JudgeFiles(**config.evaluation)
            seed = int(config.seed_everything)
            self.home_callbacks.append(Evaluation(judges, self.home / TEST_FOLDER, self.command, seed, self.checkpoint))

    def _find_finisher(self) -> CartoonFinisher | None:
        """The finisher to apply to the cartoons, if any."""
        finish = self.settings.get("finish")
        if self.config.subcommand not in {"predict", "test"} or finish is False:
            return None
        if finish is None and self.config.subcommand == "test":
            return None
        side = int(self.settings.data.init_args.get("image_size", 0))
        path = Path(self.settings.finisher).expanduser() if self.settings.finisher else own_finisher(side)
        if finish is None and not path.is_file():
            return None
        try:
            finisher = load_finisher(path)
        except WeightsError as error:
            raise UsageError(f"{error} (--finisher)") from error
        if finish is None and side != finisher.input_size:
            rank_zero_info(f"finisher not applied: it is for {finisher.input_size} px, the model for {side} px")
            return None
        return finisher

    def instantiate_classes(self) -> None:
        """Instantiate, and unwrap our own errors, which jsonargparse wraps into long messages."""
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
        """Add the loggers and callbacks that depend on the run folder."""
        config = self._get(self.config_init, "trainer")
        if config.get("logger") in {None, True} and not config.get("fast_dev_run"):
            kwargs["logger"] = self._loggers()
        kwargs["strategy"] = with_timeout(config.strategy, self.settings.ddp_timeout + _WATCHDOG_FIRST)
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
        """The configuration for the record: without options of a single start, and with absolute paths."""
        config: Namespace = self.settings.clone()
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

    # Starting and ending

    def before_fit(self) -> None:
        """Lock a run that exists before the loggers resume it."""
        for callback in self.home_callbacks:
            if isinstance(callback, RunRecord) and self.home.is_dir():
                callback.lock(self.trainer)

    def after_fit(self) -> None:
        """Print the run folder."""
        if self.trainer.is_global_zero and not is_dry_run(self.trainer):
            rank_zero_info(f"run: {self.home}")

    def after_predict(self) -> None:
        """Print the folder of the cartoons."""
        writer = next(callback for callback in self.home_callbacks if isinstance(callback, CartoonWriter))
        rank_zero_info(f"cartoons: {writer.folder}")


def differing_data(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Changed data options that affect the training data: name -> (before, after).

    Args:
        before: The options in the checkpoint.
        after: The options of the resumed run.
    """
    return {
        name: (old, new)
        for name, old in before.items()
        if name in after and name not in _FREE_DATA_OPTIONS and (new := _comparable(name, after[name])) != old
    }


def _comparable(name: str, value: Any) -> Any:
    """A value as stored by DataModules: absolute paths, and lists for sequences."""
    if name in _DATA_PATHS and value:
        return str(Path(value).expanduser().absolute())
    return list(value) if isinstance(value, tuple) else value


def as_list(value: Any) -> list[Any]:
    """Convert None, a single value or a sequence to a list."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _keep_apart(photos: str | None, cartoons: Path) -> None:
    """Reject output paths that would overwrite the photos."""
    if not photos:
        return
    source = Path(photos).expanduser().resolve()
    if cartoons.resolve().is_relative_to(source):
        raise UsageError(f"--out {cartoons} is in the folder of the photos; choose another folder")
    if source.is_file() and (cartoons.resolve() / source.stem).with_suffix(".png") == source:
        raise UsageError(f"--out {cartoons}: the cartoon of {source} would overwrite it; choose another folder")
