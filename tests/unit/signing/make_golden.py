"""Makes the golden evidence: ``python -m tests.unit.signing.make_golden``, from the top of the repository.

Run it only when a new kind of signature appears: the files of earlier versions must verify for ever. The keys are
thrown away when the command ends.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.signing.forge import MESSAGE, rsa_key, seal

GOLDEN = Path(__file__).with_name("golden")


def main() -> None:
    ec_seal = seal()
    rsa_seal = seal(rsa_key(), ec_seal.issuer)
    GOLDEN.mkdir()
    (GOLDEN / "ca.pem").write_bytes(ec_seal.issuer.certificate.public_bytes(Encoding.PEM))
    (GOLDEN / "nachricht.xml").write_bytes(MESSAGE)
    (GOLDEN / "signatures-ec.xml").write_bytes(ec_seal.sign())
    (GOLDEN / "signatures-rsa.xml").write_bytes(rsa_seal.sign())


if __name__ == "__main__":
    main()
