"""The errors of Tradecraft, named by what happens next.

    TradecraftError
    ├── ConfigError       stop: a person gave something that cannot be used (exit code 2)
    ├── MarketDataError   skip this tick: the bars are missing, late or contradictory
    ├── ModelError        fall back to the arithmetic reasoner, flagged
    ├── SkillRejected     refuse the draft, with reasons
    ├── RiskHalt          stop entering: a person is needed (exit code 3)
    ├── BrokerError       stop and reconcile with the venue
    └── JournalError      stop: what was remembered cannot be trusted or written

An error never becomes a hold: a cycle that fails is recorded with status ``error``.
"""


class TradecraftError(Exception):
    """The root; its text is one line that names the value and the fix."""

    kind = "error"
    exit_code = 1


class ConfigError(TradecraftError):
    """Bad usage, bad settings or bad input from a person."""

    kind = "config"
    exit_code = 2


class MarketDataError(TradecraftError):
    """Bars that are missing, late, contradictory or not what they claim to be."""

    kind = "market_data"
    exit_code = 2


class ModelError(TradecraftError):
    """The language model could not be asked or did not answer usefully."""

    kind = "model"


class SkillRejected(TradecraftError):
    """A skill draft was refused at the write door; ``reasons`` says why."""

    kind = "skill_rejected"

    def __init__(self, reasons: list[str]) -> None:
        """Keep every reason; the message joins them."""
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class RiskHalt(TradecraftError):
    """Trading is halted; entries wait for a person."""

    kind = "risk_halt"
    exit_code = 3


class BrokerError(TradecraftError):
    """A venue refused, timed out or contradicted our book."""

    kind = "broker"


class JournalError(TradecraftError):
    """The journal cannot be opened, verified or written."""

    kind = "journal"
