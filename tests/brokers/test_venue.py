"""The simulated venue keeps the adapters' contract, in memory, on disk and in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.brokers.faulty import Faulty, in_pieces
from agent.brokers.simulated import SimulatedVenue
from agent.brokers.venue import Venue
from agent.settings import Faults
from tests.brokers.build import FREE, INDEX, entry, flat
from tests.brokers.contract import Contract


class _Simulated(Contract):
    @pytest.fixture(autouse=True)
    def _beginning(self) -> None:
        self.bar = 0

    def move(self, venue: Venue, price: float) -> None:
        assert isinstance(venue, SimulatedVenue | Faulty)
        venue.advance("SP500", INDEX, [flat(self.bar, price)])
        self.bar += 1


class TestInMemory(_Simulated):
    def make(self) -> Venue:
        return SimulatedVenue(FREE)


class TestInPieces(_Simulated):
    def make(self) -> Venue:
        return SimulatedVenue(FREE, pieces=in_pieces(Faults(partial=1.0)))


class TestWithoutFaults(_Simulated):
    def make(self) -> Venue:
        return Faulty(SimulatedVenue(FREE), Faults())


class TestOnDisk(_Simulated):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> Venue:
        return SimulatedVenue(FREE, self.folder)

    def test_it_outlives_the_program(self) -> None:
        venue = self.opened()
        again = SimulatedVenue(FREE, self.folder)
        assert again.holding("SP500") == venue.holding("SP500")
        assert again.place(entry()).status == "filled"
        assert again.ledger("SP500").taken == 1
