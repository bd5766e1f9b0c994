"""Checks at the end what an auditor would: every seal, the exported log, and that nothing was delivered twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from gateway.audit.bundle import export_log
from gateway.audit.logkey import LogKey
from gateway.audit.report import Report
from gateway.audit.verify import verify as verify_log
from gateway.demo.story import Told
from gateway.demo.workspace import Workspace
from gateway.settings import load
from gateway.signing.trust import TrustAnchors
from gateway.signing.verdict import Indication
from gateway.signing.verify import verify as verify_seal
from gateway.store.database import Database
from gateway.store.tables import message


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was found. ``seals`` counts the signatures that verified, ``broken`` those that did not."""

    seals: int
    broken: int
    report: Report
    bundle: Path
    key: Path


def check(workspace: Workspace, told: list[Told]) -> Checked:
    """Write signatures and the log's bundle beside the messages and verify both, with public keys only."""
    settings = load(workspace.config)
    key = LogKey.load(settings.audit.key_file, settings.audit.origin)
    database = Database(settings.database.url, writable=False)
    try:
        verdicts = [_seal(database, workspace, one) for one in told if one.id is not None]
        bundle = workspace.folder("audit") / "log.zip"
        export_log(database, bundle, key)
    finally:
        database.close()
    public = workspace.folder("audit") / "log.pub"
    public.write_text(f"{key.verifier}\n", encoding="utf-8")
    return Checked(
        seals=verdicts.count(True),
        broken=verdicts.count(False),
        report=verify_log(bundle, key.verifier),
        bundle=bundle,
        key=public,
    )


def _seal(database: Database, workspace: Workspace, one: Told) -> bool:
    """Write one message's signature and say whether it verifies over the message as the API gave it out."""
    columns = select(message.c.filename, message.c.signature).where(message.c.application_id == one.id)
    row = database.read(lambda c: c.execute(columns).one())
    stem = Path(one.file).stem
    (workspace.folder("evidence") / f"{stem}.xades.xml").write_bytes(row.signature)
    content = (workspace.folder("messages") / f"{stem}.xml").read_bytes()
    trust = TrustAnchors.load(workspace.pki.ca)
    verdict = verify_seal(row.signature, {row.filename: content}, trust=trust, at=datetime.now(UTC))
    return verdict.indication is Indication.TOTAL_PASSED
