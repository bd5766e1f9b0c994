"""The wiring: from checked settings to a gateway that runs. Every room is made here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import structlog
from flask import Flask

from gateway.audit.logkey import LogKey
from gateway.audit.sequencer import Sequencer
from gateway.catalogue import Catalogue
from gateway.delivery.policy import RetryPolicy
from gateway.delivery.worker import Worker
from gateway.errors import ConfigurationError
from gateway.intake.pipeline import BERLIN, Intake
from gateway.metrics import Metrics
from gateway.model import Finding
from gateway.portal.access import Access, PortalAccess
from gateway.portal.app import create_portal
from gateway.ports import Adapter
from gateway.replies.collector import Collector
from gateway.routing import Areas, Routing
from gateway.schemas import Schemas
from gateway.settings import Settings, SigningSettings, adapter_module
from gateway.signing.keys import SealKey, read_password
from gateway.signing.xades import NullSigner, Signer, XadesSigner
from gateway.store.database import Database

log = structlog.get_logger(room="app")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What a configuration names, loaded and checked, before a database is opened or a connection made."""

    schemas: Schemas
    catalogue: Catalogue
    routing: Routing
    signer: Signer
    log_key: LogKey
    access: Access


def assemble(settings: Settings, file: Path) -> Parts:
    """Load everything that the configuration names; ``file`` is named in errors. Raises ConfigurationError."""
    parts = Parts(
        schemas=Schemas.load(official=settings.schemas.official_directory),
        catalogue=Catalogue.load(),
        routing=Routing(Areas.load(settings.areas.file), [one.destination() for one in settings.destination]),
        signer=seal(settings.signing),
        log_key=LogKey.load(settings.audit.key_file, settings.audit.origin),
        access=_access(settings, file),
    )
    _check_destinations(parts.routing, parts.catalogue, str(file))
    for portal in settings.portal:
        if strange := sorted(set(portal.tenants) - parts.routing.areas.administrations.keys()):
            reason = f"{strange[0]} is no administration of the areas file"
            raise ConfigurationError(str(file), f"portal {portal.id}: tenants", reason)
    return parts


class Gateway:
    """One running gateway: API, delivery worker, reply collector and audit sequencer in one process.

    Nothing here reaches the network; adapters connect with their first delivery. Raises ConfigurationError.
    """

    def __init__(self, settings: Settings, file: Path) -> None:
        self.settings = settings
        self.parts = parts = assemble(settings, file)
        times = settings.delivery
        self.adapters = connect(settings, str(file))
        self.metrics = Metrics(services=[one.id for one in parts.catalogue])
        self.database = Database(settings.database.url)
        self.sequencer = Sequencer(self.database, parts.log_key, clock=_now)
        self.intake = Intake(
            catalogue=parts.catalogue,
            routing=parts.routing,
            schemas=parts.schemas,
            signer=parts.signer,
            database=self.database,
            author=settings.author.party(),
            test=settings.test,
            delivery_deadline=timedelta(seconds=times.deadline),
        )
        self.collector = Collector(
            database=self.database, adapters=self.adapters, schemas=parts.schemas, every=times.collect_every
        )
        self.worker = Worker(
            database=self.database,
            adapters=self.adapters,
            policy=RetryPolicy(
                first_retry=times.first_retry,
                longest_retry=times.longest_retry,
                reconcile_after=times.reconcile_after,
                hold=times.hold,
            ),
            threads=times.workers,
            lease=timedelta(seconds=times.lease),
            on_attempt=lambda ended: self.metrics.attempt_ended(ended.act, ended.outcome.kind),
            on_delivered=self.collector.poke,
        )
        self.portal: Flask = create_portal(
            intake=self.intake,
            database=self.database,
            access=parts.access,
            readiness=self.readiness,
            metrics=self.metrics,
            max_body=settings.listen.max_body_bytes,
            threads=settings.listen.threads,
            on_accepted=self.worker.poke,
        )

    def start(self) -> None:
        """Start the threads beside the API."""
        self.sequencer.start()
        self.worker.start()
        self.collector.start()
        log.info("gateway started", count=len(self.adapters))

    def stop(self) -> None:
        """Finish what is in hand, seal the log, let go of everything."""
        self.worker.stop()
        self.collector.stop()
        self.sequencer.stop()
        for adapter in self.adapters.values():
            adapter.close()
        self.database.close()
        log.info("gateway stopped")

    def readiness(self) -> tuple[Finding, ...]:
        """Return what keeps the gateway from taking applications, or may soon: the seal, the store, the packages."""
        findings = [seal_finding(self.parts.signer)]
        if self.sequencer.failure is not None:
            text = f"nothing is signed any more, a person has to look: {self.sequencer.failure}"
            findings.append(Finding(level="warning", subject="audit log", text=text))
        try:
            self.database.read(lambda c: c.exec_driver_sql("SELECT 1 FROM application LIMIT 1"))
            findings.append(Finding(level="ok", subject="database", text="answers"))
        except Exception:  # whatever the driver raises, the answer is the same
            log.exception("database not readable")
            findings.append(Finding(level="error", subject="database", text="does not answer: look at the disk"))
        return tuple(findings)


def check(settings: Settings, file: Path) -> Iterator[Finding]:
    """Yield what there is to say about a configuration; raises ConfigurationError for what cannot be used at all."""
    parts = assemble(settings, file)
    yield seal_finding(parts.signer)
    yield Finding(level="ok", subject="audit.key_file", text=f"seals the log {parts.log_key.origin}")
    for package in parts.schemas.packages:
        text = f"valid for sending from {package.valid_from}"
        text += f" until {package.valid_until}" if package.valid_until else ""
        text += ", checked against the publisher's schemas too" if package.checked_officially else ""
        level, remark = ("warning", f"; {package.note}") if package.note else ("ok", "")
        yield Finding(level=level, subject=f"{package.standard} {package.version}", text=text + remark)
    areas = parts.routing.areas
    text = f"{len(areas)} municipalities, {len(areas.administrations)} administrations"
    yield Finding(level="ok", subject="areas.file", text=text)
    today = _now().astimezone(BERLIN).date()
    for service in parts.catalogue:
        served = {one.tenant for one in parts.routing.destinations if one.serves(service.id, today)}
        missing = len(areas.administrations) - len(served)
        level, rest = ("warning", f", {missing} administrations have none") if missing else ("ok", "")
        yield Finding(level=level, subject=service.id, text=f"{len(served)} administrations have a destination{rest}")


def seal_finding(signer: Signer) -> Finding:
    """Say whether the seal may be used, and warn 30 days before it ends."""
    certificate = signer.certificate
    if certificate is None:
        return Finding(level="warning", subject="signing", text="no seal: all evidence is unsigned")
    left = certificate.not_after - _now()
    if left < timedelta(0):
        return Finding(level="error", subject="signing", text="the seal certificate has expired: install a new one")
    level = "warning" if left < timedelta(days=30) else "ok"
    text = f"the seal certificate is valid until {certificate.not_after:%Y-%m-%d}"
    return Finding(level=level, subject="signing", text=text)


def seal(settings: SigningSettings) -> Signer:
    """Load the seal key once. Raises ConfigurationError."""
    if settings.kind == "none" or settings.key_file is None:
        return NullSigner()
    password = read_password(file=settings.password_file, env=settings.password_env)
    if settings.kind == "pkcs12":
        return XadesSigner(SealKey.from_pkcs12(settings.key_file, password))
    certificate = settings.certificate_file or settings.key_file
    return XadesSigner(SealKey.from_pem(settings.key_file, certificate, password))


def connect(settings: Settings, file: str) -> Mapping[str, Adapter]:
    """Make the adapter of every ``[connection.…]``; raises ConfigurationError with the key that is wrong."""
    adapters: dict[str, Adapter] = {}
    for name, table in settings.connection.items():
        module, values = adapter_module(file, name, table)
        adapters[name] = module.create(values, name=name)
    return adapters


def _check_destinations(routing: Routing, catalogue: Catalogue, file: str) -> None:
    known = {one.id for one in catalogue}
    for destination in routing.destinations:
        if unknown := sorted(destination.services - known):
            reason = f"there is no service {unknown[0]}; known: {', '.join(sorted(known))}"
            raise ConfigurationError(file, f"destination {destination.id}: services", reason)
        if destination.tenant not in routing.areas.administrations:
            reason = f"{destination.tenant} is no administration of the areas file"
            raise ConfigurationError(file, f"destination {destination.id}: administration", reason)
    for one, other in combinations(routing.destinations, 2):
        begins = max(one.valid_from, other.valid_from)
        ends = min(one.valid_until or date.max, other.valid_until or date.max)
        if one.tenant == other.tenant and one.services & other.services and begins <= ends:
            reason = f"takes the same service for the same administration as {one.id} from {begins} on"
            raise ConfigurationError(file, f"destination {other.id}", reason)


def _access(settings: Settings, file: Path) -> Access:
    portals = []
    for one in settings.portal:
        where = f"portal {one.id}: token_hash_files"
        try:
            hashes = {line for source in one.token_hash_files for line in source.read_text(encoding="ascii").split()}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(str(file), where, "cannot be read; `gateway token` makes one") from error
        try:
            portals.append(PortalAccess(id=one.id, tenants=frozenset(one.tenants), token_hashes=frozenset(hashes)))
        except ValueError as error:
            raise ConfigurationError(str(file), where, str(error)) from error
    try:
        return Access(portals)
    except ValueError as error:
        raise ConfigurationError(str(file), "portal: token_hash_files", str(error)) from error


def _now() -> datetime:
    return datetime.now(UTC)
