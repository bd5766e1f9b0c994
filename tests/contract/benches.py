"""A bench: an adapter, the simulated procedure behind it, and the ways in which that procedure can be made to fail.

The contract tests know only this. What a fault looks like on the wire is each bench's own business.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

from adapters.xta.simulator import How, Mishap, Simulator
from gateway.model import Parcel
from gateway.ports import Adapter
from gateway.signing.pki import DemoPki
from tests import xta_exchange


class Bench(Protocol):
    """Everything a contract test needs of an adapter and of what it talks to."""

    adapter: Adapter

    def parcel(self) -> Parcel:
        """A parcel with a valid message, with the transport id reserved."""
        ...

    def orders(self, made: Parcel) -> int:
        """How often the procedure took this message."""
        ...

    def cases(self) -> int: ...

    def received(self) -> list[bytes]:
        """The messages as the procedure got them."""
        ...

    def silent_before_sending(self) -> None:
        """The next connection is taken and never answered: no byte of a message can have left."""
        ...

    def lost_before_storing(self) -> None:
        """The next message is read and forgotten, without an answer."""
        ...

    def lost_after_storing(self) -> None:
        """The next message is stored, and the answer is lost: the timeout after the send."""
        ...

    def refusing(self) -> None:
        """The next message is refused for what it is."""
        ...

    def overloaded(self) -> None:
        """The next message meets a proxy that says 503."""
        ...

    def route_closed(self) -> None:
        """The next message is turned away because of the account."""
        ...

    def still_working(self, polls: int) -> None:
        """The next message is taken, and so many questions about it are answered with "not done yet"."""
        ...

    def adapter_with(self, certificate: Path, key: Path) -> Adapter:
        """The same adapter with another client certificate."""
        ...

    def go_away(self) -> None:
        """The procedure is switched off."""
        ...


class XtaBench:
    """XTA: the simulator with a Meldebehörde."""

    def __init__(self, simulator: Simulator, pki: DemoPki) -> None:
        self.simulator = simulator
        self.pki = pki
        self.adapter: Adapter = xta_exchange.adapter_for(simulator, pki)
        self._others: list[Adapter] = []

    def parcel(self) -> Parcel:
        made = xta_exchange.parcel()
        return dataclasses.replace(made, transport_id=self.adapter.reserve_id(made))

    def orders(self, made: Parcel) -> int:
        return self.simulator.office.orders(made.message.id)

    def cases(self) -> int:
        return self.simulator.office.cases

    def received(self) -> list[bytes]:
        return self.simulator.service.received

    def silent_before_sending(self) -> None:
        self.adapter.close()
        self.simulator.script.plan("connect", Mishap(how=How.HANG))

    def lost_before_storing(self) -> None:
        self.simulator.script.plan("sendMessage", Mishap(how=How.HANG))

    def lost_after_storing(self) -> None:
        self.simulator.script.plan("sendMessage", Mishap(how=How.HANG, handled=True))

    def refusing(self) -> None:
        self.simulator.script.plan("sendMessage", Mishap(how=How.FAULT, value="9052"))

    def overloaded(self) -> None:
        self.simulator.script.plan("sendMessage", Mishap(how=How.STATUS, value="503"))

    def route_closed(self) -> None:
        self.simulator.script.plan("sendMessage", Mishap(how=How.FAULT, value="9011"))

    def still_working(self, polls: int) -> None:
        self.simulator.service.open_polls = polls

    def adapter_with(self, certificate: Path, key: Path) -> Adapter:
        made = xta_exchange.adapter_for(
            self.simulator, self.pki, client_certificate_file=certificate, client_key_file=key
        )
        self._others.append(made)
        return made

    def go_away(self) -> None:
        self.simulator.script.plan("connect", Mishap(how=How.DROP), times=50)
        self.adapter.close()

    def close(self) -> None:
        for one in (self.adapter, *self._others):
            one.close()
