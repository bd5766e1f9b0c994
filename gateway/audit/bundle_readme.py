"""The page that lies in every exported bundle for whoever opens it."""

README = """\
PRÜFPAKET EINES MANIPULATIONSSICHEREN PROTOKOLLS (Format xoev-gateway-audit-bundle, Version 1)

Prüfen:  gateway audit verify <diese Datei> --key <öffentlicher Schlüssel des Protokolls>
Den öffentlichen Schlüssel erhalten Sie vom Betreiber auf einem anderen Weg als dieses Paket.

bundle.json         Inhaltsangabe (nicht signiert; sie dient nur der Orientierung)
records.jsonl       die Datensätze, einer je Zeile, in den Bytes, über die der Hashwert gebildet ist
checkpoint.txt      der signierte Prüfpunkt: Name des Protokolls, Zahl der Datensätze, Wurzel des Hashbaums, Signatur
hashes.txt          (ganzes Protokoll) Hashwert je Datensatz
checkpoints.jsonl   (ganzes Protokoll) alle früheren Prüfpunkte
proofs.json         (ein Vorgang) je Datensatz sein Platz und der Weg zur Wurzel (RFC 9162)
statement.txt       (ein Vorgang) signierte Erklärung, dass die Liste der Datensätze vollständig ist; nur sie belegt das
consistency.json    (ein Vorgang) Nachweis, dass das Protokoll einen früher veröffentlichten Prüfpunkt fortsetzt

Die Datensätze enthalten Kennungen, Codes und gesalzene Hashwerte, keine personenbezogenen Daten.
Bewahren Sie checkpoint.txt auf: damit lässt sich später zeigen, wenn etwas entfernt oder ersetzt wurde.


EVIDENCE BUNDLE OF A TAMPER-EVIDENT LOG (format xoev-gateway-audit-bundle, version 1)

Verify:  gateway audit verify <this file> --key <public key of the log>
Get the public key from the operator by another way than this bundle.

bundle.json         table of contents (not signed; for orientation only)
records.jsonl       the records, one a line, in the bytes that are hashed
checkpoint.txt      the signed checkpoint: name of the log, number of records, root of the hash tree, signature
hashes.txt          (whole log) hash of each record
checkpoints.jsonl   (whole log) all earlier checkpoints
proofs.json         (one case) place of each record and its path to the root (RFC 9162)
statement.txt       (one case) signed statement that the list of records is complete; nothing else proves it
consistency.json    (one case) proof that the log continues a checkpoint that was published earlier

The records hold ids, codes and salted hashes, no personal data.
Keep checkpoint.txt: with it, anything removed or replaced later can be shown.
"""
