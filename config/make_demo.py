"""Makes config/demo.toml: the Landkreis Emsland with its 19 administrations, for demonstration and tests.

Which products the administrations run, and how the directory (DVDV) names their offices, is not known: everything of
that kind in the file is fictitious and says so. Run it after a change of ``config/areas/emsland.csv``.
"""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent

HEAD = """\
# Demonstration: the Landkreis Emsland and its 19 administrations. Made by config/make_demo.py.
# FICTITIOUS: products, directory entries (reader.identifier), postal addresses and all contact data. Which procedures
# the administrations run is not known, and a Samtgemeinde's directory entry must be looked up, not computed.

test = true  # every message says that it must not be processed productively

[listen]
host = "127.0.0.1"
port = 8470

[database]
url = "sqlite:///gateway.sqlite"

[areas]
file = "areas/emsland.csv"

[author]
identifier = "mbp:000000001"
name = "Serviceportal Musterkreis (Demo)"
category = "Meldebehördenportal"
address = { strasse = "Musterweg", hausnummer = "1", plz = "49999", ort = "Musterstadt" }
contacts = [{ channel = "01", address = "portal@example.org" }]

[signing]
kind = "pkcs12"
key_file = "pki/seal-ec.p12"
password_file = "pki/seal.password"

[audit]
origin = "gateway.example.org/demo"
key_file = "pki/audit-log.key"

[delivery]
first_retry = 0.5
longest_retry = 10
reconcile_after = 0.5
collect_every = 0.5

[[portal]]
id = "openrathaus-demo"
token_hash_files = ["tokens/openrathaus-demo.sha256"]
tenants = [
{tenants}
]

[connection.xta-demo]
adapter = "xta"
management_url = "https://127.0.0.1:8471/XTA210managementPort.svc"
send_url = "https://127.0.0.1:8471/XTA210sendPort.svc"
msgbox_url = "https://127.0.0.1:8471/XTA210msgBoxPort.svc"
ca_file = "pki/ca.pem"
client_certificate_file = "pki/tls-client.pem"
client_key_file = "pki/tls-client.key"
author = { identifier = "mbp:000000001", name = "Serviceportal Musterkreis (Demo)" }
"""

DESTINATION = """
[[destination]]
id = "{id}"
administration = "{key}"  # {name}
services = ["meldebescheinigung"]
connection = "xta-demo"
product = "{product} (fiktiv)"
valid_from = 2025-11-01
[destination.reader]
identifier = "ags:{seat}"
name = "{name}, Meldebehörde (Demo)"
category = "Meldebehörde"
address = {{ strasse = "Rathausplatz", hausnummer = "1", plz = "49999", ort = "{town}" }}
"""


def main() -> None:
    """Write the file."""
    with (HERE / "areas" / "emsland.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    seats: dict[str, dict[str, str]] = {}
    for row in rows:
        town = row["administration"].removeprefix("Samtgemeinde ")
        if row["ars"][:9] not in seats or row["municipality"].startswith(town):
            seats[row["ars"][:9]] = row
    tenants = "\n".join(f'  "{key}",  # {row["administration"]}' for key, row in sorted(seats.items()))
    text = HEAD.replace("{tenants}", tenants)
    for number, (key, row) in enumerate(sorted(seats.items())):
        text += DESTINATION.format(
            id=_slug(row["administration"]),
            key=key,
            name=row["administration"],
            product=f"Musterverfahren {'ABC'[number % 3]}",
            seat=row["ags"],
            town=row["administration"].removeprefix("Samtgemeinde "),
        )
    (HERE / "demo.toml").write_text(text, encoding="utf-8")


def _slug(name: str) -> str:
    plain = name.lower().replace("samtgemeinde", "sg").replace("(ems)", "").strip()
    for letter, letters in {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-"}.items():
        plain = plain.replace(letter, letters)
    return plain


if __name__ == "__main__":
    main()
