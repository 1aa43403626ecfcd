"""The market as it was known: bars, instruments, features, regimes and situations, with no look-ahead."""
