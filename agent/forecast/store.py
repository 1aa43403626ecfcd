"""Model files: skops, never pickle, each with its papers beside it, found by content.

Promises: a file is written whole or not at all; a file that holds any type not listed here, or
papers that do not match this version, is refused and never loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.errors import ConfigError
from agent.forecast.model import FORMAT, Model, Papers

TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.ensemble._gb.GradientBoostingClassifier",
    "sklearn.tree._tree.Tree",
    "numpy.dtype",
)


class ModelStore:
    """A folder of models; what was used last is kept in memory. Without a folder it keeps them in memory alone."""

    def __init__(self, folder: Path | None) -> None:
        """Use (and, on the first write, make) the folder."""
        self.folder = folder
        self._kept: dict[str, Model] = {}

    def get(self, ident: str) -> Model | None:
        """The model of that id; None when there is none. Raises ConfigError for a file that cannot be trusted."""
        if ident not in self._kept and self.folder is not None and (self.folder / f"{ident}.json").exists():
            self._kept[ident] = self._read(ident)
        return self._kept.get(ident)

    def put(self, model: Model) -> None:
        """Keep a model; one of the same id is the same model."""
        ident = model.papers.id
        self._kept[ident] = model
        if self.folder is None:
            return
        import skops.io

        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write(f"{ident}.skops", skops.io.dumps(model.estimator))
        self._write(f"{ident}.json", model.papers.model_dump_json(indent=1).encode())

    def papers(self) -> list[Papers]:
        """The papers of every model in the folder, by id."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return [self._papers(path.stem) for path in sorted(self.folder.glob("*.json"))]

    def _read(self, ident: str) -> Model:
        import skops.io

        papers = self._papers(ident)
        if papers.format != FORMAT:
            raise ConfigError(
                f"model file {ident} has format {papers.format}, not {FORMAT}; run `tradecraft forecast train` again"
            )
        data = self._bytes(f"{ident}.skops")
        strange = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
        if strange:
            raise ConfigError(f"model file {ident}.skops holds {strange[0]}, which is not trusted; delete it and train again")
        estimator: Any = skops.io.loads(data, trusted=list(TRUSTED))
        return Model(papers, estimator)

    def _papers(self, ident: str) -> Papers:
        try:
            return Papers.model_validate_json(self._bytes(f"{ident}.json"))
        except ValidationError as err:
            raise ConfigError(
                f"model papers {ident}.json cannot be read: {err.errors()[0]['msg']}; delete them and train again"
            ) from None

    def _bytes(self, name: str) -> bytes:
        assert self.folder is not None
        try:
            return (self.folder / name).read_bytes()
        except OSError as err:
            raise ConfigError(
                f"model file {self.folder / name} cannot be read: {err.strerror}; delete it and train again"
            ) from None

    def _write(self, name: str, data: bytes) -> None:
        assert self.folder is not None
        scratch = self.folder / f".{name}.tmp"
        scratch.write_bytes(data)
        scratch.chmod(0o600)
        scratch.replace(self.folder / name)
